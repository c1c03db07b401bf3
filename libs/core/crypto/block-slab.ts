import { pageAlignedBuffer } from '@waybill/core/kernel';

/** What is free is kept in the bits of one number. */
const MAX_BLOCKS = 31;

/**
 * Blocks that lie side by side in one piece of memory and are lent one by one, the first that is free before others: whoever
 * takes several mostly gets neighbours, which can be written as one.
 */
export class BlockSlab {
  readonly memory: ArrayBufferLike;
  readonly #blockBytes: number;
  readonly #blocks: Buffer[];
  /** A bit for each block that nobody has. */
  #free: number;

  constructor(blockBytes: number, blocks: number) {
    if (blocks < 1 || blocks > MAX_BLOCKS) throw new RangeError(`A slab has 1 to ${MAX_BLOCKS} blocks.`);
    const whole = pageAlignedBuffer(blockBytes * blocks);
    this.memory = whole.buffer;
    this.#blockBytes = blockBytes;
    this.#blocks = Array.from({ length: blocks }, (_, at) =>
      whole.subarray(at * blockBytes, (at + 1) * blockBytes),
    );
    this.#free = this.#all;
  }

  /** Whether nobody has any of its blocks. */
  get idle(): boolean {
    return this.#free === this.#all;
  }

  /** A block, or undefined when all are lent. */
  take(): Buffer | undefined {
    if (this.#free === 0) return undefined;
    const lowest = this.#free & -this.#free;
    this.#free ^= lowest;
    return this.#blocks[31 - Math.clz32(lowest)];
  }

  /** Takes back the block that begins at or before this byte of the memory; false when it was not lent. */
  give(byteOffset: number): boolean {
    const at = Math.floor((byteOffset - this.#blocks[0]!.byteOffset) / this.#blockBytes);
    const bit = 1 << at;
    if (at >= this.#blocks.length || (this.#free & bit) !== 0) return false;
    this.#free |= bit;
    return true;
  }

  get #all(): number {
    return 2 ** this.#blocks.length - 1;
  }
}
