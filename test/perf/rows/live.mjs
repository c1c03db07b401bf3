import { setTimeout as delay } from 'node:timers/promises';
import { metered } from '../harness/meter.mjs';
import { residentMiB } from '../harness/proc.mjs';
import { LOOPBACK } from '../harness/raw-http.mjs';

export const title = 'open sockets';

const SOCKETS = 1_000;
const SETTLE_MS = 3_000;
const CONNECTIONS = 4;

/** @param {import('../harness/workbench.mjs').Workbench} bench @returns {Promise<import('../harness/row.mjs').Row[]>} */
export async function measure(bench) {
  const { seconds } = bench.settings;
  const [sockets, caller] = await Promise.all([
    bench.helper('clients/sockets.mjs'),
    bench.helper('clients/caller.mjs'),
  ]);
  return bench.withProduct(async ({ api, client, port }) => {
    const pids = { server: api.pid, client: sockets.pid };
    const rate = async () => {
      const asked = { port, path: '/api/files', headers: client.headers, connections: CONNECTIONS, seconds };
      const { requests, seconds: took } = await caller.ask(asked);
      return requests / took;
    };
    const alone = await idle(pids, api.pid);
    const token = client.headers.Authorization?.replace('Bearer ', '');
    const url = `http://${LOOPBACK}:${port}`;
    await sockets.ask({ url, path: '/api/notifications', token, count: SOCKETS });
    const beside = await idle(pids, api.pid);
    await rate(); // Whatever the first calls need is no cost of sockets.
    const rateBeside = await rate();
    await sockets.stop();
    await delay(SETTLE_MS);
    const rateAlone = await rate();
    await caller.stop();
    return [
      {
        title: `${SOCKETS} ${title} on one instance`,
        contestants: [
          {
            name: 'memory of each, garbage included',
            value: ((beside.resident - alone.resident) * 1024) / SOCKETS,
            unit: 'KiB',
          },
          { name: 'CPU of the API while nothing happens', value: beside.percent, unit: '% of a core' },
          { name: 'the same without sockets', value: alone.percent, unit: '% of a core' },
          {
            name: `pages of files beside them, ${CONNECTIONS} at a time`,
            value: rateBeside,
            unit: 'calls/s',
          },
          { name: 'the same without sockets', value: rateAlone, unit: 'calls/s' },
        ],
        goals: [],
      },
    ];
  });
}

/** @param {{ server: number, client: number }} pids @param {number} api */
async function idle(pids, api) {
  const { usage } = await metered(pids, () => delay(SETTLE_MS));
  return { percent: (100 * usage.serverCpu) / usage.seconds, resident: residentMiB(api) };
}
