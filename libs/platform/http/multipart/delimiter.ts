const CR = 0x0d;

/**
 * Finds CR LF "--" boundary in a sequence of chunks.
 *
 * Whole chunks are searched natively. What makes the seam between two chunks simple: no boundary contains CR, so CR is
 * only the first byte of the delimiter, and the end of a chunk can begin a delimiter in one place at most. Nothing is
 * kept of that end but how many bytes matched, since the delimiter itself says which they were.
 */
export class Delimiter {
  private readonly bytes: Buffer;

  constructor(boundary: string) {
    this.bytes = Buffer.from(`\r\n--${boundary}`, 'latin1');
  }

  get length(): number {
    return this.bytes.length;
  }

  /** Where the delimiter begins in `chunk`, from `position` on; -1 where it is not in there as a whole. */
  find(chunk: Buffer, position: number): number {
    return chunk.indexOf(this.bytes, position);
  }

  /** How many bytes at the end of `chunk[position, …)` are the beginning of a delimiter. */
  begunAtEnd(chunk: Buffer, position: number): number {
    const first = Math.max(position, chunk.length - this.length + 1);
    for (let at = chunk.length - 1; at >= first; at--) {
      if (chunk[at] === CR) return this.matching(chunk, at, 0) === chunk.length - at ? chunk.length - at : 0;
    }
    return 0;
  }

  /** How many bytes of `chunk` from `position` on equal those of the delimiter from its byte `offset` on. */
  matching(chunk: Buffer, position: number, offset: number): number {
    const most = Math.min(chunk.length - position, this.length - offset);
    let count = 0;
    while (count < most && chunk[position + count] === this.bytes[offset + count]) count++;
    return count;
  }

  /** A copy of bytes of the delimiter, for those that turned out to be content. */
  slice(start: number, end: number): Buffer {
    return Buffer.from(this.bytes.subarray(start, end));
  }
}
