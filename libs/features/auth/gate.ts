/** Lets `width` in at a time, and `queue` more wait their turn, first come first served. */
export class Gate {
  private inside = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly width: number,
    private readonly queue: number,
  ) {}

  /** A promise that resolves inside, or null where the queue is full. Whoever got in must `leave`. */
  enter(): Promise<void> | null {
    if (this.inside < this.width) {
      this.inside += 1;
      return Promise.resolve();
    }
    if (this.waiting.length >= this.queue) return null;
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  leave(): void {
    const next = this.waiting.shift();
    // The place is handed on rather than freed, so that nobody slips in between.
    if (next === undefined) this.inside -= 1;
    else next();
  }
}
