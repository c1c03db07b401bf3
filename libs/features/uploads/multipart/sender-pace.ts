const TICK_MS = 1_000;
/** Far below any line that a person would wait at; who stays under it holds a connection and does not upload. */
const MIN_BYTES_PER_SECOND = 1024;

/**
 * Watches that a sender sends. Too slow is who says nothing for as long as `idleMs`, and who brings less than 1 KiB a
 * second over that time. Time in which the sender was made to wait does not count. It is counted in ticks and not read
 * off a clock: a process that was itself stopped for a while has nobody to blame.
 */
export class SenderPace {
  private readonly ticker: NodeJS.Timeout;
  private silentMs = 0;
  private windowMs = 0;
  private windowBytes = 0;
  private waiting = false;

  constructor(
    private readonly idleMs: number,
    private readonly onTooSlow: () => void,
  ) {
    this.ticker = setInterval(() => this.tick(), TICK_MS);
    this.ticker.unref();
  }

  received(bytes: number): void {
    this.silentMs = 0;
    this.windowBytes += bytes;
  }

  /** The sender is made to wait, until `resume()`. */
  pause(): void {
    this.waiting = true;
  }

  resume(): void {
    this.waiting = false;
    this.silentMs = 0;
  }

  stop(): void {
    clearInterval(this.ticker);
  }

  private tick(): void {
    if (this.waiting) return;
    this.silentMs += TICK_MS;
    this.windowMs += TICK_MS;
    const windowOver = this.windowMs >= this.idleMs;
    const trickles = windowOver && this.windowBytes < (MIN_BYTES_PER_SECOND * this.windowMs) / 1000;
    if (this.silentMs >= this.idleMs || trickles) this.onTooSlow();
    if (windowOver) this.windowMs = this.windowBytes = 0;
  }
}
