import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const MIB = 1024 * 1024;
const HEADER_BYTES = 16;

/** A short film, as it came. */
const clip = readFileSync(join(__dirname, '../fixtures/documents/clip.mp4'));

/**
 * A valid MP4 of any size, in constant memory: a short film, then one `free` box with a 64-bit size (ISO/IEC 14496-12,
 * 4.2) whose bytes tell where they stand, so that no two stretches of a MiB are alike.
 */
export class LargeFilm {
  private readonly head: Buffer;
  private readonly noise = randomBytes(MIB);

  constructor(readonly size: number) {
    const free = Buffer.alloc(HEADER_BYTES);
    free.writeUInt32BE(1, 0);
    free.write('free', 4);
    free.writeBigUInt64BE(BigInt(size - clip.length), 8);
    this.head = Buffer.concat([clip, free]);
    if (size < this.head.length) throw new RangeError('The film itself is larger.');
  }

  /** The bytes from `start` up to, and without, `end`, in chunks of at most 1 MiB. */
  *bytes(start = 0, end = this.size): Generator<Buffer> {
    for (let at = start; at < end;) {
      const begin = at - (at % MIB);
      const chunk = this.chunk(begin).subarray(at - begin, Math.min(end - begin, MIB));
      yield chunk;
      at += chunk.length;
    }
  }

  sha256(): string {
    const hash = createHash('sha256');
    for (const chunk of this.bytes()) hash.update(chunk);
    return hash.digest('hex');
  }

  /** The MiB that begins there. */
  private chunk(begin: number): Buffer {
    const chunk = Buffer.from(this.noise);
    chunk.writeBigUInt64BE(BigInt(begin), MIB / 2);
    if (begin === 0) this.head.copy(chunk);
    return chunk;
  }
}
