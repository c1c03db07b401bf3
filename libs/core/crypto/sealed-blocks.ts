import type { BlockMemory } from './block-pool';

/**
 * Bytes packed into blocks without a gap, so that all but the last block are full. What was not handed out yet can still
 * be changed in its place.
 */
export class SealedBlocks {
  #held: Buffer[] = [];
  /** Bytes in the last block that is held. */
  #used = 0;
  #bytes = 0;

  constructor(private readonly memory: BlockMemory) {}

  /** Bytes that were not handed out. */
  get bytes(): number {
    return this.#bytes;
  }

  push(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    for (let at = 0; at < bytes.length;) {
      const block = this.#blockWithRoom();
      const piece = bytes.subarray(at, at + block.length - this.#used);
      block.set(piece, this.#used);
      this.#used += piece.length;
      at += piece.length;
    }
  }

  /** Views of what is held, from a byte of it on. */
  *from(position: number): Generator<Buffer> {
    let start = 0;
    for (const [at, block] of this.#held.entries()) {
      const end = at === this.#held.length - 1 ? this.#used : block.length;
      if (position < start + end) yield block.subarray(Math.max(0, position - start), end);
      start += end;
    }
  }

  /** Hands out the blocks that are full. */
  takeFull(): Buffer[] {
    const rest =
      this.#held.length > 0 && this.#used < this.#held.at(-1)!.length ? this.#held.pop() : undefined;
    const full = this.#held;
    this.#held = rest ? [rest] : [];
    if (!rest) this.#used = 0;
    this.#bytes = this.#used;
    return full;
  }

  /** Hands out all that is held; the last block as a view of it. */
  takeAll(): Buffer[] {
    const all = [...this.from(0)];
    this.#forget();
    return all;
  }

  /** Gives the blocks back that are held. */
  dispose(): void {
    for (const block of this.#held) this.memory.give(block);
    this.#forget();
  }

  #blockWithRoom(): Buffer {
    const last = this.#held.at(-1);
    if (last !== undefined && this.#used < last.length) return last;
    const block = this.memory.take();
    this.#held.push(block);
    this.#used = 0;
    return block;
  }

  #forget(): void {
    this.#held = [];
    this.#used = 0;
    this.#bytes = 0;
  }
}
