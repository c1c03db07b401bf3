import { pageAlignedBuffer } from '@waybill/core/kernel';

/** Where an encryptor gets memory for its ciphertext. */
export interface BlockMemory {
  /** A buffer that nobody else uses until it comes back. */
  take(): Buffer;
  /** Takes back what `take` has answered, or a view of it; buffers of other origin are ignored. */
  give(buffer: Buffer): void;
}

/** Fresh memory for each block, left to the garbage collector. */
export function freshBlocks(blockBytes: number): BlockMemory {
  return { take: () => Buffer.allocUnsafeSlow(blockBytes), give: () => undefined };
}

/**
 * Memory that is used again and again. Bytes that wait long enough to grow old in V8's terms are collected only when
 * 64 MiB of them have gathered; these are no garbage at all. What is kept shrinks with what is in use.
 * Blocks begin where pages do, so that a store can hand them to the disk as they are.
 */
export class BlockPool implements BlockMemory {
  readonly #blockBytes: number;
  readonly #spareBlocks: number;
  readonly #lent = new Map<ArrayBufferLike, Buffer>();
  readonly #free: Buffer[] = [];

  /** @param spareBytes so much more is kept than is in use. */
  constructor(blockBytes: number, spareBytes: number) {
    this.#blockBytes = blockBytes;
    this.#spareBlocks = Math.ceil(spareBytes / blockBytes);
  }

  get lentBytes(): number {
    return this.#lent.size * this.#blockBytes;
  }

  take(): Buffer {
    const block = this.#free.pop() ?? pageAlignedBuffer(this.#blockBytes);
    this.#lent.set(block.buffer, block);
    return block;
  }

  give(buffer: Buffer): void {
    const block = this.#lent.get(buffer.buffer);
    if (block === undefined) return;
    this.#lent.delete(buffer.buffer);
    if (this.#free.length < this.#lent.size + this.#spareBlocks) this.#free.push(block);
  }
}
