/** More than this many cores busy with something else spoil a round. */
export const FOREIGN_CORES = 0.3;

/**
 * Runs each contestant once a round, in an order that moves on by one each round, so that nobody always runs on the
 * pages, caches and clock speeds that the same other one left. Rounds in which somebody else used the machine are
 * repeated, as long as patience lasts; the quietest count.
 * @template {{ foreign: number }} S
 * @param {{ rounds: number, patience: number }} settings patience: how many times as many rounds may be run
 * @param {{ name: string, run: () => Promise<S> }[]} contestants
 * @param {{ between?: () => Promise<void> }} [hooks] between: after every run
 * @returns {Promise<Map<string, S[]>>} the samples by name, in the order of the rounds
 */
export async function inRounds({ rounds, patience }, contestants, { between } = {}) {
  /** @type {{ samples: S[], foreign: number }[]} */
  const all = [];
  const quiet = () => all.filter(({ foreign }) => foreign <= FOREIGN_CORES).length;
  for (let round = -1; round < rounds * patience && quiet() < rounds; round += 1) {
    /** @type {S[]} */
    const samples = [];
    for (let turn = 0; turn < contestants.length; turn += 1) {
      const index = (round + 1 + turn) % contestants.length;
      samples[index] = await contestants[index].run();
      await between?.();
    }
    // The first one warms up: pages, connections, compiled code.
    if (round >= 0) all.push({ samples, foreign: Math.max(...samples.map(({ foreign }) => foreign)) });
  }
  const limit = all.map(({ foreign }) => foreign).sort((a, b) => a - b)[rounds - 1];
  const counted = all.filter(({ foreign }) => foreign <= limit).slice(0, rounds);
  return new Map(contestants.map(({ name }, index) => [name, counted.map(({ samples }) => samples[index])]));
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
