const WINDOW_MS = 5_000;
/** Less tells more of how the network batches than of how fast it is. */
const SHORTEST_MS = 200;

/** How fast a count has grown of late: the average over the last five seconds, or what there is of them. */
export class MovingRate {
  private readonly samples: { at: number; bytes: number }[] = [];

  /** @param at in milliseconds, of a clock that never goes back. */
  add(bytes: number, at: number): void {
    this.samples.push({ bytes, at });
    // The sample before the window stays as its beginning.
    while (this.samples.length > 2 && this.samples[1]!.at <= at - WINDOW_MS) this.samples.shift();
  }

  /** Bytes a second; null as long as too little time has passed to say. */
  get perSecond(): number | null {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.at - first.at < SHORTEST_MS) return null;
    return Math.max(0, Math.round(((last.bytes - first.bytes) * 1000) / (last.at - first.at)));
  }
}
