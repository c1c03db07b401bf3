/**
 * Collects bytes up to a limit, in one buffer that doubles as it fills: the source may reuse its chunks, and a body
 * sent byte by byte must cost no more than one sent at once.
 */
export class ByteCollector {
  private buffer: Buffer = EMPTY;
  private length = 0;

  /** @param limit bytes held at most */
  constructor(readonly limit: number) {}

  /** How many more bytes there is room for. */
  get room(): number {
    return this.limit - this.length;
  }

  /** Adds `chunk[start, end)`, which must not be longer than `room`. */
  add(chunk: Buffer, start: number, end: number): void {
    const needed = this.length + (end - start);
    if (needed > this.limit) throw new RangeError('more bytes than there is room for');
    if (needed > this.buffer.length) this.grow(needed);
    chunk.copy(this.buffer, this.length, start, end);
    this.length = needed;
  }

  /** What was collected: a view that is valid until the next `add`. Starts anew. */
  take(): Buffer {
    const bytes = this.buffer.subarray(0, this.length);
    this.length = 0;
    return bytes;
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.min(this.limit, Math.max(needed, 2 * this.buffer.length, 512)));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

const EMPTY = Buffer.alloc(0);
