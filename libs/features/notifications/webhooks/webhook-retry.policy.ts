/** As Standard Webhooks 1.0 proposes: at once, then after 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 hours. */
const SECONDS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/**
 * Seconds until a delivery is tried again after its nth failure, spread by up to a quarter so that the deliveries of one
 * outage do not all come back at once; null when it was the last try.
 *
 * @param random a number in [0, 1).
 */
export function retryAfterSeconds(attempts: number, random: number): number | null {
  const seconds = SECONDS[attempts - 1];
  return seconds === undefined ? null : seconds * (1 + (random - 0.5) / 2);
}
