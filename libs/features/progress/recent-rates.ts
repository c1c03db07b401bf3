import type { MovingRate } from './moving-rate';

const KEPT_MS = 5_000;
const LARGEST = 1_000;

/**
 * The rates of transfers that have just ended: a resumable upload comes in many requests, which are too short to tell how
 * fast it is by themselves.
 */
export class RecentRates {
  private readonly rates = new Map<string, { rate: MovingRate; at: number }>();

  keep(uploadId: string, rate: MovingRate): void {
    this.rates.set(uploadId, { rate, at: performance.now() });
    if (this.rates.size > LARGEST) this.rates.delete(this.rates.keys().next().value!);
  }

  /** Null when the last one ended too long ago. */
  take(uploadId: string): MovingRate | null {
    const kept = this.rates.get(uploadId);
    this.rates.delete(uploadId);
    return kept && performance.now() - kept.at < KEPT_MS ? kept.rate : null;
  }
}
