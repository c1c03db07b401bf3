import type { CipherGCM } from 'node:crypto';
import type { BlockMemory } from './block-pool';
import { TAG_BYTES } from './segment-format';
import { wipe } from './wipe';

/**
 * Plaintext that waits until its segment's fate is known, copied into blocks; the ciphertext then takes the same
 * memory.
 */
export class PendingSegment {
  #blocks: Buffer[] = [];
  /** Bytes in the last block. */
  #used = 0;
  #bytes = 0;

  constructor(private readonly memory: BlockMemory) {}

  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    for (let rest = chunk; rest.length > 0;) {
      let block = this.#blocks.at(-1);
      if (block === undefined || this.#used === block.length) {
        block = this.memory.take();
        this.#blocks.push(block);
        this.#used = 0;
      }
      const piece = rest.subarray(0, block.length - this.#used);
      block.set(piece, this.#used);
      this.#used += piece.length;
      rest = rest.subarray(piece.length);
    }
  }

  /** Ciphertext and tag; what waits afterwards is nothing. */
  encrypt(cipher: CipherGCM): Buffer[] {
    const blocks = this.#blocks;
    const last = blocks.length - 1;
    const out = blocks.map((block, at) => {
      const piece = at === last ? block.subarray(0, this.#used) : block;
      piece.set(cipher.update(piece));
      return piece;
    });
    cipher.final();
    const tag = cipher.getAuthTag();
    const room = last >= 0 && blocks[last]!.length - this.#used >= TAG_BYTES;
    if (room) {
      blocks[last]!.set(tag, this.#used);
      out[last] = blocks[last]!.subarray(0, this.#used + TAG_BYTES);
    } else {
      out.push(tag);
    }
    this.#forget();
    return out;
  }

  /** Overwrites what waits, and gives its memory back. */
  dispose(): void {
    for (const block of this.#blocks) {
      wipe(block);
      this.memory.give(block);
    }
    this.#forget();
  }

  #forget(): void {
    this.#blocks = [];
    this.#used = 0;
    this.#bytes = 0;
  }
}
