import { BlockPool } from '@waybill/core/crypto';

/** As large as what sockets and ciphers hand over. */
const BLOCK_BYTES = 64 * 1024;
/** What is kept at hand while nothing is uploaded. */
const SPARE_BYTES = 4 * 1024 * 1024;

/** Where the segments of uploads lie, from their first byte until the store has them. */
export function stagingMemory(): BlockPool {
  return new BlockPool(BLOCK_BYTES, SPARE_BYTES);
}

/**
 * The memory that all uploads of a process share for bytes on their way to the store: more clients mean smaller
 * shares, never more memory. A writer may overdraw it by what it was just given; it then stops its source until
 * others have paid back.
 */
export class BufferBudget {
  readonly memory = stagingMemory();
  private held = 0;
  private readonly waiting = new Set<() => void>();
  private waking = false;

  /** @param limitBytes how much may be held before sources are stopped. */
  constructor(private readonly limitBytes: number) {}

  get heldBytes(): number {
    return this.held;
  }

  get exhausted(): boolean {
    return this.held >= this.limitBytes;
  }

  take(bytes: number): void {
    this.held += bytes;
  }

  give(bytes: number): void {
    this.held -= bytes;
    this.wake();
  }

  /** Calls `resume` once, when there is room again. */
  whenFree(resume: () => void): void {
    this.waiting.add(resume);
  }

  forget(resume: () => void): void {
    this.waiting.delete(resume);
  }

  /**
   * Whoever was waiting longest goes on first. One at a time, so that what it has in hand counts before the next is
   * asked: all at once they would bring far more than there is room for, and stop again.
   */
  private wake(): void {
    if (this.exhausted || this.waking || this.waiting.size === 0) return;
    this.waking = true;
    const [resume] = this.waiting;
    this.waiting.delete(resume!);
    resume!();
    setImmediate(() => {
      this.waking = false;
      this.wake();
    });
  }
}
