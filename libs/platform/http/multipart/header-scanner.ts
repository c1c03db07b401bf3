import { malformed, refused } from './errors';
import { ByteCollector } from './byte-collector';

const CR = 0x0d;
const LF = 0x0a;

/**
 * Finds the end of a part's header block, CR LF CR LF, across chunks, and keeps no more of it than the limit. A CR or
 * LF that stands alone is refused at once: it ends a line for one reader and not for the next.
 */
export class HeaderScanner {
  private readonly block: ByteCollector;
  /** How many bytes of CR LF CR LF were just seen. The line of the boundary before the block ended with CR LF. */
  private seen = 2;

  constructor(limit: number) {
    this.block = new ByteCollector(limit);
  }

  /** Reads from `position`; returns where it stopped: after the block if `complete`, else at the chunk's end. */
  read(chunk: Buffer, position: number): number {
    const end = Math.min(chunk.length, position + this.block.room);
    let at = position;
    while (at < end && this.seen < 4) this.seen = advance(this.seen, chunk[at++]!);
    this.block.add(chunk, position, at);
    if (!this.complete && this.block.room === 0) {
      throw refused('', `The header of a part is larger than ${this.block.limit} bytes.`);
    }
    return at;
  }

  get complete(): boolean {
    return this.seen === 4;
  }

  /** The block without its blank line: a view that is valid until the next `read`. Starts anew. */
  take(): Buffer {
    const block = this.block.take();
    this.seen = 2;
    // The CR LF of an empty block is the blank line itself.
    return block.subarray(0, Math.max(0, block.length - 4));
  }
}

function advance(seen: number, byte: number): number {
  const afterCr = seen === 1 || seen === 3;
  if (byte === LF ? !afterCr : afterCr) throw malformed('A header line of a part does not end with CR LF.');
  if (byte === LF) return seen + 1;
  if (byte === CR) return seen === 2 ? 3 : 1;
  return 0;
}
