import { BlockSlab } from './block-slab';

/** Memory is taken and let go by so many blocks together. */
const SLAB_BLOCKS = 16;
/** Memory that was not needed for so long is let go. Sooner would mean to ask for it again in the next moment. */
const REST_MS = 5_000;

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
 * 64 MiB of them have gathered, and fresh ones cost the kernel's faults; these are neither. It holds what was needed at
 * once in the last seconds, in slabs: one goes when none of its blocks is lent.
 *
 * Blocks of whole pages begin where pages do, so that a store can hand them to the disk as they are.
 */
export class BlockPool implements BlockMemory {
  readonly #blockBytes: number;
  readonly #spareBlocks: number;
  readonly #slabBlocks: number;
  readonly #slabs = new Map<ArrayBufferLike, BlockSlab>();
  #lentBlocks = 0;
  /** How many were lent at once since `#rest` looked last. */
  #mostLent = 0;
  #resting: NodeJS.Timeout | null = null;

  /** @param spareBytes are kept even when none are used. */
  constructor(blockBytes: number, spareBytes: number, slabBlocks = SLAB_BLOCKS) {
    this.#blockBytes = blockBytes;
    this.#spareBlocks = Math.ceil(spareBytes / blockBytes);
    this.#slabBlocks = slabBlocks;
  }

  get lentBytes(): number {
    return this.#lentBlocks * this.#blockBytes;
  }

  /** All memory that is held, lent or not. */
  get heldBytes(): number {
    return this.#heldBlocks * this.#blockBytes;
  }

  take(): Buffer {
    this.#lentBlocks += 1;
    this.#mostLent = Math.max(this.#mostLent, this.#lentBlocks);
    // The oldest first: younger ones then fall idle when there is less to do.
    for (const slab of this.#slabs.values()) {
      const block = slab.take();
      if (block !== undefined) return block;
    }
    const slab = new BlockSlab(this.#blockBytes, this.#slabBlocks);
    this.#slabs.set(slab.memory, slab);
    this.#resting ??= setInterval(() => this.#rest(), REST_MS).unref();
    return slab.take()!;
  }

  give(buffer: Buffer): void {
    // Of nothing at a block's end nobody could tell from which block it is.
    if (buffer.length === 0) return;
    const slab = this.#slabs.get(buffer.buffer);
    if (slab?.give(buffer.byteOffset)) this.#lentBlocks -= 1;
  }

  get #heldBlocks(): number {
    return this.#slabs.size * this.#slabBlocks;
  }

  /** Lets go of what nobody has needed for a while. */
  #rest(): void {
    const needed = Math.max(this.#mostLent, this.#spareBlocks);
    this.#mostLent = this.#lentBlocks;
    for (const slab of this.#slabs.values()) {
      if (slab.idle && this.#heldBlocks - this.#slabBlocks >= needed) this.#slabs.delete(slab.memory);
    }
    if (this.#heldBlocks - this.#slabBlocks >= this.#spareBlocks) return;
    if (this.#resting) clearInterval(this.#resting);
    this.#resting = null;
  }
}
