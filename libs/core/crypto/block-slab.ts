import { pageAlignedBuffer } from '@waybill/core/kernel';

/** Blocks that lie side by side in one piece of memory and are lent one by one. */
export class BlockSlab {
  readonly memory: ArrayBufferLike;
  readonly #blockBytes: number;
  readonly #blocks: Buffer[];
  /** The numbers of the blocks that nobody has. */
  readonly #free: number[];
  readonly #lent: boolean[];

  constructor(blockBytes: number, blocks: number) {
    const whole = pageAlignedBuffer(blockBytes * blocks);
    const numbers = Array.from({ length: blocks }, (_, at) => at);
    this.memory = whole.buffer;
    this.#blockBytes = blockBytes;
    this.#blocks = numbers.map((at) => whole.subarray(at * blockBytes, (at + 1) * blockBytes));
    this.#lent = numbers.map(() => false);
    this.#free = numbers;
  }

  /** Whether nobody has any of its blocks. */
  get idle(): boolean {
    return this.#free.length === this.#blocks.length;
  }

  /** A block, or undefined when all are lent. */
  take(): Buffer | undefined {
    const at = this.#free.pop();
    if (at === undefined) return undefined;
    this.#lent[at] = true;
    return this.#blocks[at];
  }

  /** Takes back the block that begins at or before this byte of the memory; false when it was not lent. */
  give(byteOffset: number): boolean {
    const at = Math.floor((byteOffset - this.#blocks[0]!.byteOffset) / this.#blockBytes);
    if (this.#lent[at] !== true) return false;
    this.#lent[at] = false;
    this.#free.push(at);
    return true;
  }
}
