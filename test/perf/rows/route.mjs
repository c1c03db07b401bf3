import { bottleneck, metered } from '../harness/meter.mjs';
import { inRounds, medians } from '../harness/rounds.mjs';
import { contestant, ratio } from '../harness/row.mjs';
import { LOOPBACK } from '../harness/raw-http.mjs';

export const title = 'empty route with pipes, guards and logging';

/** Passes everything that stands before a route but the count and the session, of which it is exempt. */
const EMPTY = '/api/health/live';
/** Guarded and counted. Not empty: it asks the database for the session, as every guarded route does, and for the account. */
const GUARDED = '/api/auth/me';
const CONNECTIONS = 32;

/** @param {import('../harness/workbench.mjs').Workbench} bench @returns {Promise<import('../harness/row.mjs').Row[]>} */
export async function measure(bench) {
  const { seconds } = bench.settings;
  const caller = await bench.helper('clients/caller.mjs');
  return bench.withProduct(async ({ api, client, port }) => {
    const answer = await (await fetch(`http://${LOOPBACK}:${port}${EMPTY}`)).json();
    const express = await bench.helper('peers/bare-express.mjs', { answer });
    /** @param {number} server @param {object} request */
    const call = async (server, request) => {
      const ask = () => caller.ask({ connections: CONNECTIONS, seconds, ...request });
      const { result, usage } = await metered({ server, client: caller.pid }, ask);
      return { speed: result.requests / result.seconds, ...usage };
    };
    const samples = await inRounds(bench.settings, [
      { name: 'waybill', run: () => call(api.pid, { port, path: EMPTY }) },
      { name: 'guarded', run: () => call(api.pid, { port, path: GUARDED, headers: client.headers }) },
      { name: 'express', run: () => call(express.pid, { port: express.started.port, path: '/live' }) },
    ]);
    await Promise.all([caller.stop(), express.stop()]);
    const ours = medians(samples.get('waybill') ?? []);
    return [
      {
        title: `${title}, ${CONNECTIONS} connections`,
        contestants: [
          contestant(`waybill, ${EMPTY}`, samples.get('waybill'), 'requests/s'),
          contestant(
            `waybill, ${GUARDED}: counted, two questions to the database`,
            samples.get('guarded'),
            'requests/s',
          ),
          contestant('bare express 5', samples.get('express'), 'requests/s'),
        ],
        goals: [
          ratio('rate against express', samples.get('waybill'), samples.get('express'), {
            must: 0.7,
            wanted: 0.85,
          }),
        ],
        bottleneck: bottleneck(ours),
        foreign: ours.foreign,
      },
    ];
  });
}
