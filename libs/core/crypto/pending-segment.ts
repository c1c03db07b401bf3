const COPY_BELOW = 4 * 1024;
const BLOCK_BYTES = 64 * 1024;

/**
 * Plaintext that waits until its segment's fate is known. Chunks are kept by reference; only small ones are copied
 * together, because a sender of one-byte chunks would otherwise cost a hundred times its bytes in buffer objects.
 */
export class PendingSegment {
  #pieces: Buffer[] = [];
  #block: Buffer | null = null;
  #blockUsed = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (chunk.length >= COPY_BELOW) {
      this.#closeBlock();
      this.#pieces.push(chunk);
      return;
    }
    if (this.#block !== null && this.#block.length - this.#blockUsed < chunk.length) this.#closeBlock();
    this.#block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#block.set(chunk, this.#blockUsed);
    this.#blockUsed += chunk.length;
  }

  /** All bytes in order; what waits afterwards is nothing. */
  take(): Buffer[] {
    this.#closeBlock();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return pieces;
  }

  #closeBlock(): void {
    if (this.#block === null) return;
    this.#pieces.push(this.#block.subarray(0, this.#blockUsed));
    this.#block = null;
    this.#blockUsed = 0;
  }
}
