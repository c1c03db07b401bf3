import { BlockPool } from '@waybill/core/crypto';

/** As large as what sockets and ciphers hand over. */
const BLOCK_BYTES = 64 * 1024;
/** What is kept at hand while nothing is uploaded. */
const SPARE_BYTES = 4 * 1024 * 1024;
/** A crowd shares this part of the whole: what is in flight for many delays every other answer of the process. */
const CROWD_SHARE = 1 / 8;

/** Where the segments of uploads lie, from their first byte until the store has them. */
export function stagingMemory(): BlockPool {
  return new BlockPool(BLOCK_BYTES, SPARE_BYTES);
}

/**
 * The memory that all uploads of a process share for bytes on their way to the store: more clients mean smaller
 * shares, never more memory. One alone may use all of it, and so keep sending while the disk is slow; the more there are,
 * the less they may hold together, down to an eighth. A writer may overdraw it by what it was just given; it then stops
 * its source until others have paid back.
 */
export class BufferBudget {
  readonly memory = stagingMemory();
  private held = 0;
  private writers = 0;
  private readonly waiting = new Set<() => void>();
  private waking = false;

  /** @param limitBytes how much a single writer may hold before its source is stopped. */
  constructor(private readonly limitBytes: number) {}

  /** Somebody begins to take memory, until he leaves. */
  enter(): void {
    this.writers += 1;
  }

  leave(): void {
    this.writers -= 1;
    this.wake();
  }

  get heldBytes(): number {
    return this.held;
  }

  get exhausted(): boolean {
    return this.held >= this.limitBytes * Math.max(CROWD_SHARE, 1 / Math.max(1, this.writers));
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
