/**
 * Runs each contestant once a round, in an order that moves on by one each round, so that nobody always runs on the
 * pages, caches and clock speeds that the same other one left.
 * @template S
 * @param {{ rounds: number, warmups?: number }} settings warmups: rounds before, that do not count
 * @param {{ name: string, run: () => Promise<S> }[]} contestants
 * @param {{ between?: () => Promise<void>, onRound?: (round: number) => void }} [hooks] between: after every run
 * @returns {Promise<Map<string, S[]>>} the samples by name, in the order of the rounds
 */
export async function inRounds({ rounds, warmups = 1 }, contestants, { between, onRound } = {}) {
  /** @type {Map<string, S[]>} */
  const samples = new Map(contestants.map(({ name }) => [name, []]));
  for (let round = -warmups; round < rounds; round += 1) {
    onRound?.(round);
    const first = (round + warmups) % contestants.length;
    for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      const sample = await contestant.run();
      if (round >= 0) samples.get(contestant.name)?.push(sample);
      await between?.();
    }
  }
  return samples;
}

/** @param {number[]} values */
export const median = (values) => quantile(values, 0.5);

/** By linear interpolation. @param {number[]} values @param {number} q 0 to 1 */
export function quantile(values, q) {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

/** The median of each property of many records. @template {Record<string, number>} R @param {R[]} records @returns {R} */
export function medians(records) {
  const names = Object.keys(records[0] ?? {});
  return /** @type {R} */ (
    Object.fromEntries(names.map((name) => [name, median(records.map((record) => record[name]))]))
  );
}
