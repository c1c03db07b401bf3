import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes, segmentCount, segmentRange, sha256, type ByteRange } from '@waybill/core/crypto';
import { AppError, uuidv7 } from '@waybill/core/kernel';
import { createObjectStores, ObjectMissing, type ObjectStores } from '@waybill/platform/storage';
import { MemoryKeyring, seal } from '../testing/sealing';
import { BufferPool, RangeSender, VaultReader, type SealedFile } from './index';

type Sealed = Awaited<ReturnType<typeof seal>>;

// Objects are rewritten, and fsynced, a hundred times.
jest.setTimeout(60_000);

const FIRST = 1_048_520;
const NEXT = 1_048_560;

let root: string;
let stores: ObjectStores;
let keyring: MemoryKeyring;
let vault: VaultReader;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'waybill-vault-'));
  stores = createObjectStores({ type: 'LOCAL', localDir: root });
  keyring = new MemoryKeyring();
  vault = new VaultReader(keyring, stores);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function sealed(plaintext: Buffer): Promise<Sealed> {
  return seal(stores.default, keyring, { id: uuidv7(), plaintext });
}

async function sealedBytes({ objectKey }: SealedFile): Promise<Buffer> {
  const reader = await stores.default.open(objectKey);
  const bytes = Buffer.alloc(reader.size);
  await reader.read(bytes, 0);
  await reader.close();
  return bytes;
}

/** Puts other bytes in an object's place. */
async function replace({ objectKey }: SealedFile, bytes: Buffer): Promise<void> {
  await stores.default.delete(objectKey);
  const writer = await stores.default.create(objectKey);
  await writer.write([bytes]);
  await writer.commit();
}

/** Serves one file over HTTP, as the API does. */
class Serving {
  readonly outcomes: Promise<string>[] = [];
  private constructor(
    private readonly server: Server,
    private readonly url: string,
  ) {}

  static async of(file: SealedFile, sender: RangeSender, range?: ByteRange): Promise<Serving> {
    const { start, end } = range ?? { start: 0, end: file.size };
    const answer = async (res: import('node:http').ServerResponse): Promise<string> => {
      try {
        const object = await vault.open(file, { start, end });
        try {
          return await sender.send(res, object.read({ start, end }, sender.pool), () => {
            res.statusCode = 200;
            res.setHeader('Content-Length', end - start);
          });
        } finally {
          await object.close();
        }
      } catch (error) {
        if (!res.headersSent) res.writeHead(500).end();
        return (error as AppError).code;
      }
    };
    const server = createServer((_, res) => void serving.outcomes.push(answer(res)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const serving = new Serving(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return serving;
  }

  /** A connection that says and reads only what the test does. */
  connect(): Socket {
    return connect(Number(new URL(this.url).port), '127.0.0.1').pause();
  }

  /** A response of which nothing was read yet. */
  request(): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => get(this.url, { agent: false }, resolve).on('error', reject));
  }

  /** Reads a response to its end, or to where it breaks. */
  async fetch(): Promise<{ status: number; body: Buffer; complete: boolean; outcome: string }> {
    const res = await this.request();
    const received = await drain(res);
    return { status: res.statusCode!, ...received, outcome: (await this.outcomes.at(-1))! };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function drain(res: IncomingMessage): Promise<{ body: Buffer; complete: boolean }> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    const end = (): void => resolve({ body: Buffer.concat(chunks), complete: res.complete });
    res.on('data', (chunk: Buffer) => chunks.push(chunk));
    res.on('end', end).on('error', end);
  });
}

async function download(
  file: SealedFile,
  range?: ByteRange,
  sender = new RangeSender(),
): Promise<Awaited<ReturnType<Serving['fetch']>>> {
  const serving = await Serving.of(file, sender, range);
  try {
    return await serving.fetch();
  } finally {
    await serving.stop();
    expect(sender.pool.lent).toBe(0);
    expect(openObjects()).toEqual([]);
  }
}

/** Descriptors of this process that belong to the store. */
function openObjects(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(root) ? [path] : [];
    } catch {
      return [];
    }
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a download', () => {
  it.each([0, 1, FIRST - 1, FIRST, FIRST + 1, FIRST + NEXT, FIRST + NEXT + 1])(
    'of %i bytes is what was sealed',
    async (size) => {
      const plaintext = randomBytes(size);
      const { status, body, complete, outcome } = await download(await sealed(plaintext));
      expect([status, complete, outcome]).toEqual([200, true, 'complete']);
      expect(body.equals(plaintext)).toBe(true);
    },
  );

  it('has the digest that the vault computes', async () => {
    const plaintext = randomBytes(2 * 1024 * 1024 + 3);
    expect(await vault.digest(await sealed(plaintext))).toEqual(sha256(plaintext));
  });

  it('L11 of a range is that slice, wherever it begins and ends', async () => {
    const plaintext = randomBytes(3 * 1024 * 1024 + 1);
    const file = await sealed(plaintext);
    const edges = [
      0,
      1,
      FIRST - 1,
      FIRST,
      FIRST + 1,
      FIRST + NEXT,
      FIRST + NEXT + 1,
      plaintext.length - 1,
      plaintext.length,
    ];
    for (const start of edges) {
      for (const end of edges.filter((edge) => edge > start)) {
        const { body, complete } = await download(file, { start, end });
        expect([start, end, complete, body.equals(plaintext.subarray(start, end))]).toEqual([
          start,
          end,
          true,
          true,
        ]);
      }
    }
  });

  it('reads nothing but the header and the segments of the range', async () => {
    const file = await sealed(randomBytes(4 * NEXT));
    const bytes = await sealedBytes(file);
    bytes[segmentRange(1, bytes.length).start]! ^= 1;
    bytes[segmentRange(3, bytes.length).start]! ^= 1;
    await replace(file, bytes);
    const { complete } = await download(file, { start: FIRST + NEXT, end: FIRST + 2 * NEXT });
    expect(complete).toBe(true);
  });
});

describe('C02 a changed object is never a complete download', () => {
  const PLAINTEXT = randomBytes(2 * NEXT + 1000);

  it.each(['first', 'middle', 'last'])(
    'with a byte flipped in its %s segment (the header counts to the first)',
    async (where) => {
      const file = await sealed(PLAINTEXT);
      const bytes = await sealedBytes(file);
      const segment = segmentRange({ first: 0, middle: 1, last: 2 }[where]!, bytes.length);
      const header = where === 'first' ? Array.from({ length: 40 }, (_, at) => at) : [];
      const body = Array.from(
        { length: 6 },
        (_, at) => segment.start + at * Math.floor((segment.end - segment.start - 17) / 5),
      );
      const tag = Array.from({ length: 16 }, (_, at) => segment.end - 16 + at);
      for (const at of [...header, ...body, ...tag]) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 0x40;
        await replace(file, changed);
        const { status, complete, body: received, outcome } = await download(file);
        expect([at, outcome]).toEqual([at, 'INTEGRITY_FAILURE']);
        // Damage in what comes first is told; later, the transfer breaks, after nothing but what was verified.
        if (where === 'first') expect(status).toBe(500);
        else
          expect([complete, PLAINTEXT.subarray(0, received.length).equals(received)]).toEqual([false, true]);
      }
    },
  );

  it.each([
    ['cut by a byte', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['cut at a segment', (bytes: Buffer) => bytes.subarray(0, segmentRange(1, bytes.length).end)],
    ['cut to its header', (bytes: Buffer) => bytes.subarray(0, 40)],
    ['empty', () => Buffer.alloc(0)],
    ['longer by a byte', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(1)])],
    ['with its segments exchanged', (bytes: Buffer) => exchangeSegments(bytes, 1, 2)],
    ['with a segment twice', (bytes: Buffer) => copySegment(bytes, 1, 2)],
  ])('%s', async (_, change) => {
    const file = await sealed(randomBytes(FIRST + 2 * NEXT));
    await replace(file, change(await sealedBytes(file)));
    const { status, complete, outcome } = await download(file);
    expect(outcome).toBe('INTEGRITY_FAILURE');
    expect(status === 500 || !complete).toBe(true);
  });

  it('nor when it is empty and its tag was changed', async () => {
    const file = await sealed(Buffer.alloc(0));
    const bytes = await sealedBytes(file);
    expect(segmentCount(bytes.length)).toBe(1);
    bytes[55]! ^= 1;
    await replace(file, bytes);
    expect(await download(file)).toMatchObject({ status: 500, outcome: 'INTEGRITY_FAILURE' });
  });

  it('nor when it is missing', async () => {
    const file = await sealed(PLAINTEXT);
    await stores.default.delete(file.objectKey);
    await expect(vault.open(file)).rejects.toBeInstanceOf(ObjectMissing);
  });
});

describe('C06 what was sealed for one file opens for no other', () => {
  const SIZE = NEXT + 5;

  async function two(): Promise<[Sealed, Sealed]> {
    return [await sealed(randomBytes(SIZE)), await sealed(randomBytes(SIZE))];
  }

  it.each<[string, (a: Sealed, b: Sealed) => SealedFile]>([
    ['its object', (a, b) => ({ ...a, objectKey: b.objectKey })],
    ['its wrapped key', (a, b) => ({ ...a, wrappedDek: b.wrappedDek })],
    ['both', (a, b) => ({ ...a, objectKey: b.objectKey, wrappedDek: b.wrappedDek })],
    ['its whole row under another id', (a, b) => ({ ...b, id: a.id })],
    ['another version of itself', (a) => ({ ...a, objectVersion: 2 })],
  ])('%s', async (_, mix) => {
    const [a, b] = await two();
    expect(await download(mix(a, b))).toMatchObject({ status: 500, outcome: 'INTEGRITY_FAILURE' });
    expect(await download(mix(b, a))).toMatchObject({ status: 500, outcome: 'INTEGRITY_FAILURE' });
  });
});

describe('a client', () => {
  const PLAINTEXT = randomBytes(24 * NEXT);

  it('that leaves gives back descriptor and buffers', async () => {
    const sender = new RangeSender();
    const serving = await Serving.of(await sealed(PLAINTEXT), sender);
    const res = await serving.request();
    expect(openObjects()).toHaveLength(1);
    res.destroy();
    await until(() => openObjects().length === 0);
    expect(await serving.outcomes[0]).toBe('aborted');
    expect(sender.pool.lent).toBe(0);
    await serving.stop();
  });

  it('that leaves before the answer to its second request gives back that, too', async () => {
    const sender = new RangeSender();
    const serving = await Serving.of(await sealed(PLAINTEXT), sender);
    const socket = serving.connect();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2));
    await until(() => openObjects().length === 2 && sender.pool.busy === 0);
    socket.destroy();
    expect(await Promise.all(serving.outcomes)).toEqual(['aborted', 'aborted']);
    expect([openObjects(), sender.pool.lent]).toEqual([[], 0]);
    await serving.stop();
  });

  it('that reads nothing is cut off', async () => {
    const sender = new RangeSender({ stalledMs: 100 });
    const serving = await Serving.of(await sealed(PLAINTEXT), sender);
    await serving.request();
    await until(() => serving.outcomes.length === 1);
    expect(await serving.outcomes[0]).toBe('aborted');
    expect(openObjects()).toEqual([]);
    await serving.stop();
  });

  it('that reads nothing does not starve one that does', async () => {
    const sender = new RangeSender({ pool: new BufferPool(2) });
    const serving = await Serving.of(await sealed(PLAINTEXT), sender);
    const idle = [await serving.request(), await serving.request(), await serving.request()];
    await until(() => sender.pool.busy === 0);
    const { complete, body } = await serving.fetch();
    expect([complete, body.equals(PLAINTEXT)]).toEqual([true, true]);
    // And those find their place again, although their buffers were taken from them.
    for (const res of idle) expect((await drain(res)).body.equals(PLAINTEXT)).toBe(true);
    expect(sender.pool.lent).toBe(0);
    await serving.stop();
  });

  it('holds two read buffers at most, however long the file is', async () => {
    const sender = new RangeSender();
    const serving = await Serving.of(await sealed(PLAINTEXT), sender);
    let most = 0;
    const res = await serving.request();
    res.on('data', () => (most = Math.max(most, sender.pool.lent)));
    await new Promise((resolve) => res.on('end', resolve));
    expect(most).toBeLessThanOrEqual(2);
    await serving.stop();
  });

  it('finishes with the right bytes when the file is deleted meanwhile (D04)', async () => {
    const file = await sealed(PLAINTEXT);
    const serving = await Serving.of(file, new RangeSender());
    const res = await serving.request();
    await stores.default.delete(file.objectKey);
    const { body, complete } = await drain(res);
    expect([complete, body.equals(PLAINTEXT)]).toEqual([true, true]);
    await serving.stop();
  });
});

function exchangeSegments(bytes: Buffer, a: number, b: number): Buffer {
  const changed = copySegment(bytes, a, b);
  const [from, to] = [segmentRange(b, bytes.length), segmentRange(a, bytes.length)];
  bytes.copy(changed, to.start, from.start, from.end);
  return changed;
}

function copySegment(bytes: Buffer, from: number, to: number): Buffer {
  const changed = Buffer.from(bytes);
  const [source, target] = [segmentRange(from, bytes.length), segmentRange(to, bytes.length)];
  bytes.copy(changed, target.start, source.start, source.end);
  return changed;
}
