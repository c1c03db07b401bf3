import { withForeignCores } from '../harness/meter.mjs';
import { inRounds, median, quantile } from '../harness/rounds.mjs';

export const title = 'from add() to the start of a job';

const JOBS = 300;

/** @param {import('../harness/workbench.mjs').Workbench} bench @returns {Promise<import('../harness/row.mjs').Row[]>} */
export async function measure(bench) {
  const { env } = await bench.product();
  const queue = await bench.helper('engines/queue.mjs', {}, { env });
  const run = async () => {
    const { result, foreign } = await withForeignCores(() => queue.ask({ jobs: JOBS }));
    return { ms: /** @type {number[]} */ (result.ms), foreign };
  };
  const rounds = (await inRounds(bench.settings, [{ name: 'bull', run }])).get('bull') ?? [];
  await queue.stop();
  const ms = rounds.flatMap((round) => round.ms);
  const slow = quantile(ms, 0.95);
  return [
    {
      title: `${title}, idle queue, ${ms.length} jobs`,
      contestants: [
        { name: 'median', value: median(ms), unit: 'ms' },
        { name: '95 of 100', value: slow, unit: 'ms' },
      ],
      goals: [{ name: '95 of 100', value: slow, unit: 'ms', must: 5, wanted: 1, atMost: true }],
      bottleneck: 'waiting: round trips to Redis',
      foreign: median(rounds.map(({ foreign }) => foreign)),
    },
  ];
}
