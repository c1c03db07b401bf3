import { bottleneck, metered } from '../harness/meter.mjs';
import { inRounds, medians } from '../harness/rounds.mjs';
import { contestant } from '../harness/row.mjs';

export const title = 'calls that one instance answers';

const FILES = 40;
const BYTES = 6 * 1024;
const CONNECTIONS = 16;

/** @param {import('../harness/workbench.mjs').Workbench} bench @returns {Promise<import('../harness/row.mjs').Row[]>} */
export async function measure(bench) {
  const { seconds } = bench.settings;
  const [sender, caller] = await Promise.all([
    bench.helper('clients/sender.mjs', { bytes: BYTES }),
    bench.helper('clients/caller.mjs'),
  ]);
  return bench.withProduct(async ({ api, client, port }) => {
    const { headers } = client;
    const sent = await sender.ask({
      port,
      path: '/api/upload',
      headers,
      fileName: 'bench.docx',
      count: FILES,
      concurrency: 4,
    });
    const uploads = sent.bodies.map((/** @type {string} */ body) => JSON.parse(body));
    for (const { uploadId } of uploads) await client.completed(uploadId);
    const [{ fileId, uploadId }] = uploads;
    /** @type {Record<string, string>} */
    const calls = {
      'a page of 20 files': '/api/files',
      'a file': `/api/files/${fileId}`,
      'a search': '/api/files/search?q=bench',
      'a progress': `/api/upload/progress/${uploadId}`,
    };
    const call = async (/** @type {string} */ path) => {
      const ask = () => caller.ask({ port, path, headers, connections: CONNECTIONS, seconds });
      const { result, usage } = await metered({ server: api.pid, client: caller.pid }, ask);
      return { speed: result.requests / result.seconds, ...usage };
    };
    const samples = await inRounds(
      bench.settings,
      Object.entries(calls).map(([name, path]) => ({ name, run: () => call(path) })),
    );
    await Promise.all([sender.stop(), caller.stop()]);
    const first = medians(samples.get('a page of 20 files') ?? []);
    return [
      {
        title: `${title}, ${CONNECTIONS} at a time`,
        contestants: Object.keys(calls).map((name) => contestant(name, samples.get(name), 'calls/s')),
        goals: [],
        bottleneck: bottleneck(first),
        foreign: first.foreign,
      },
    ];
  });
}
