import { createReadStream, readdirSync, readlinkSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';

/** Something of a secret that was found: what, how it was written, and where. */
export interface Leak {
  secret: string;
  encoding: string;
  where: string;
}

interface Needle {
  secret: string;
  encoding: string;
  bytes: Buffer;
}

/**
 * Looks for secrets wherever bytes may come to rest: as they are, in hexadecimal, in base64 (of either alphabet, at any
 * alignment), and texts in UTF-16. Half of a secret counts as the whole, so that one which a buffer's end has cut is found.
 */
export class LeakScanner {
  private readonly needles: Needle[] = [];
  /** The first two bytes of needles, and the first four: nearly everything is passed over by these. */
  private readonly pairs = new Uint8Array(65_536);
  private readonly words = new Set<number>();
  private longest = 0;
  /** What files without a leak looked like: those that still look so are not read again. */
  private readonly clean = new Map<string, string>();

  constructor(secrets: Record<string, Buffer>) {
    for (const [secret, bytes] of Object.entries(secrets)) {
      const middle = bytes.length / 2;
      for (const half of [bytes.subarray(0, middle), bytes.subarray(middle)]) {
        for (const [encoding, encoded] of encodings(half)) this.add({ secret, encoding, bytes: encoded });
      }
    }
  }

  /** What is in the bytes. One pass, however many needles. */
  inBytes(where: string, bytes: Buffer): Leak[] {
    const { pairs, words } = this;
    const found: Leak[] = [];
    for (let at = 0, last = bytes.length - 4; at <= last; at++) {
      const first = (bytes[at]! << 8) | bytes[at + 1]!;
      if (pairs[first] === 0) continue;
      if (!words.has((first << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)) continue;
      found.push(...this.startingAt(bytes, at).map(({ secret, encoding }) => ({ secret, encoding, where })));
    }
    return found;
  }

  inText(where: string, text: string): Leak[] {
    return this.inBytes(where, Buffer.from(text, 'utf8'));
  }

  /** What is in a file, as far as it can be read: it may be growing, or gone. */
  async inFile(path: string): Promise<Leak[]> {
    const found: Leak[] = [];
    let rest = Buffer.alloc(0);
    try {
      for await (const chunk of createReadStream(path, { highWaterMark: chunkFor(path) })) {
        const bytes = Buffer.concat([rest, chunk as Buffer]);
        found.push(...this.inBytes(path, bytes));
        rest = bytes.subarray(Math.max(0, bytes.length - this.longest + 1));
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Gone, a socket, or a folder that is just being made durable: nothing that bytes could be read from.
      if (code !== 'ENOENT' && code !== 'ENXIO' && code !== 'EISDIR') throw error;
    }
    return found;
  }

  /** What is in the files below a folder. */
  async inTree(folder: string, { except = [] as string[] } = {}): Promise<Leak[]> {
    const found: Leak[] = [];
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || except.includes(path)) continue;
      const look = lookOf(path);
      if (look === null || this.clean.get(path) === look) continue;
      const leaks = await this.inFile(path);
      if (leaks.length === 0) this.clean.set(path, look);
      found.push(...leaks);
    }
    return found;
  }

  /** What is in the files that a process holds open, those that were removed from their folder in particular. */
  async inOpenFiles(pid: number): Promise<Leak[]> {
    const found: Leak[] = [];
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const path = `/proc/${pid}/fd/${fd}`;
      const target = linkOf(path);
      if (!target.startsWith('/') || target.startsWith('/dev/')) continue;
      found.push(...(await this.inFile(path)).map((leak) => ({ ...leak, where: `${path} -> ${target}` })));
    }
    return found;
  }

  /** What is in the keys and values of a Redis. */
  async inRedis(url: string): Promise<Leak[]> {
    const redis = new Redis(url);
    try {
      const found: Leak[] = [];
      for (const key of await redis.keys('*')) {
        found.push(...this.inText('a key of Redis', key));
        for (const value of await valuesOf(redis, key)) found.push(...this.inBytes(`Redis: ${key}`, value));
      }
      return found;
    } finally {
      redis.disconnect();
    }
  }

  private startingAt(bytes: Buffer, at: number): Needle[] {
    return this.needles.filter(({ bytes: needle }) => {
      const end = at + needle.length;
      return end <= bytes.length && bytes.compare(needle, 0, needle.length, at, end) === 0;
    });
  }

  private add(needle: Needle): void {
    this.needles.push(needle);
    this.pairs[needle.bytes.readUInt16BE(0)] = 1;
    this.words.add(needle.bytes.readInt32BE(0));
    this.longest = Math.max(this.longest, needle.bytes.length);
  }
}

/** The ways to write bytes, without what depends on their neighbours. */
export function encodings(bytes: Buffer): [name: string, encoded: Buffer][] {
  const written: [string, Buffer][] = [
    ['raw', bytes],
    ['hex', Buffer.from(bytes.toString('hex'))],
    ['HEX', Buffer.from(bytes.toString('hex').toUpperCase())],
  ];
  const text = bytes.toString('latin1');
  if (/^[ -~]*$/.test(text)) {
    written.push(['UTF-16LE', Buffer.from(text, 'utf16le')]);
    written.push(['UTF-16BE', Buffer.from(text, 'utf16le').swap16()]);
  }
  for (const before of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(before), bytes]);
    // The first characters also hold bits of what stands before, the last of what follows.
    const [from, to] = [Math.ceil((before * 8) / 6), Math.floor((shifted.length * 8) / 6)];
    for (const alphabet of ['base64', 'base64url'] as const)
      written.push([alphabet, Buffer.from(shifted.toString(alphabet).slice(from, to))]);
  }
  return written;
}

/** As much as the file has, up to 4 MiB: a database is a thousand small files, and every chunk is memory to be made. */
function chunkFor(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return Math.min(4 << 20, Math.max(4_096, size + 1));
}

/** Null when it is gone. */
function lookOf(path: string): string | null {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats ? [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':') : null;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}

async function valuesOf(redis: Redis, key: string): Promise<Buffer[]> {
  switch (await redis.type(key)) {
    case 'string':
      return [(await redis.getBuffer(key)) ?? Buffer.alloc(0)];
    case 'hash':
      return Object.entries(await redis.hgetallBuffer(key)).flatMap(([field, value]) => [
        Buffer.from(field),
        value,
      ]);
    case 'list':
      return redis.lrangeBuffer(key, 0, -1);
    case 'set':
      return redis.smembersBuffer(key);
    case 'zset':
      return redis.zrangeBuffer(key, 0, -1);
    case 'stream':
      return (await redis.xrangeBuffer(key, '-', '+')).flatMap(([, fields]) => fields);
    case 'none':
      return []; // expired meanwhile
    default:
      throw new Error(`Redis: ${key} is of a type that is not looked into.`);
  }
}
