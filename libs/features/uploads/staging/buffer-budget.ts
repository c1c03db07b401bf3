/**
 * The memory that all uploads of a process share for bytes on their way to the store: more clients mean smaller
 * shares, never more memory. A writer may overdraw it by what it was just given; it then stops its source until
 * others have paid back.
 */
export class BufferBudget {
  private held = 0;
  private readonly waiting = new Set<() => void>();

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
    if (this.exhausted) return;
    for (const resume of this.waiting) {
      this.waiting.delete(resume);
      resume();
      // Whoever was waiting longest goes on first, and may use up what came free.
      if (this.exhausted) return;
    }
  }

  /** Calls `resume` once, when there is room again. */
  whenFree(resume: () => void): void {
    this.waiting.add(resume);
  }

  forget(resume: () => void): void {
    this.waiting.delete(resume);
  }
}
