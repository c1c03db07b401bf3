import type { ByteRange, SegmentDecryptor, SegmentSpan } from '@waybill/core/crypto';
import type { ObjectReader } from '@waybill/platform/storage';
import type { BufferLease, BufferPool } from './buffer-pool';
import type { ByteSource } from './byte-source';

/**
 * The plaintext of a range, one verified segment after the other. While a segment is decrypted and handed on, the next
 * one is already being read; that buffer is parked until it is asked for.
 */
export class SegmentFeed implements ByteSource {
  #index: number;
  #ahead: Promise<BufferLease> | null = null;

  constructor(
    private readonly reader: ObjectReader,
    private readonly decryptor: SegmentDecryptor,
    private readonly pool: BufferPool,
    private readonly range: ByteRange,
    private readonly span: SegmentSpan,
  ) {
    this.#index = span.first;
  }

  get exhausted(): boolean {
    return this.#index >= this.span.end;
  }

  /**
   * The bytes of the range in its next segment, in chunks that belong to the caller; null after the last.
   *
   * @throws AppError `INTEGRITY_FAILURE`, or what the store throws. The feed is of no use afterwards.
   */
  async next(): Promise<Buffer[] | null> {
    if (this.exhausted) return null;
    const index = this.#index++;
    const lease = await this.#take(index);
    try {
      if (index + 1 < this.span.end) this.#ahead = this.#readAhead(index + 1);
      return this.#cut(index, this.decryptor.decryptSegmentChunks(index, this.#view(index, lease)));
    } finally {
      lease.release();
    }
  }

  /** Gives everything back, once the read under way has ended: its buffer cannot be lent before. */
  async close(): Promise<void> {
    const ahead = this.#ahead;
    this.#ahead = null;
    await ahead?.then(
      (lease) => lease.release(),
      () => undefined, // It gave its buffer back itself, and nobody waits for its bytes any more.
    );
  }

  /** What was read ahead, or a new reading where the pool needed that buffer for others meanwhile. */
  async #take(index: number): Promise<BufferLease> {
    const ahead = await this.#ahead;
    this.#ahead = null;
    return ahead?.unpark() ? ahead : this.#read(index);
  }

  #readAhead(index: number): Promise<BufferLease> {
    const reading = this.#read(index).then((lease) => {
      lease.park();
      return lease;
    });
    // A failure comes out of the `next()` that wants these bytes, which may be never.
    reading.catch(() => undefined);
    return reading;
  }

  async #read(index: number): Promise<BufferLease> {
    const lease = await this.pool.acquire();
    try {
      await this.reader.read(this.#view(index, lease), this.decryptor.segmentRange(index).start);
      return lease;
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  #view(index: number, { buffer }: BufferLease): Buffer {
    const { start, end } = this.decryptor.segmentRange(index);
    return buffer.subarray(0, end - start);
  }

  /** Keeps of a segment's chunks what lies within the range. */
  #cut(index: number, chunks: Buffer[]): Buffer[] {
    const segment = this.decryptor.segmentPlaintextRange(index);
    if (segment.start >= this.range.start && segment.end <= this.range.end) return chunks;
    const kept: Buffer[] = [];
    let at = segment.start;
    for (const chunk of chunks) {
      const piece = chunk.subarray(
        Math.max(0, this.range.start - at),
        Math.max(0, Math.min(chunk.length, this.range.end - at)),
      );
      if (piece.length > 0) kept.push(piece);
      at += chunk.length;
    }
    return kept;
  }
}
