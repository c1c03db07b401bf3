import { bottleneck, metered } from '../harness/meter.mjs';
import { inRounds, medians } from '../harness/rounds.mjs';
import { contestant, ratio } from '../harness/row.mjs';
import { emptyFolder } from '../harness/workbench.mjs';

export const title = 'small uploads acknowledged';

/** The smallest that is a document. */
const BYTES = 6 * 1024;
const COUNT = 1_000;
const CONCURRENCY = 16;

/** @param {import('../harness/workbench.mjs').Workbench} bench @returns {Promise<import('../harness/row.mjs').Row[]>} */
export async function measure(bench) {
  const { rounds } = bench.settings;
  const directory = bench.folder('multer-small');
  const sender = await bench.helper('clients/sender.mjs', { bytes: BYTES });
  const multer = await bench.helper('peers/multer.mjs', { directory });

  return bench.withProduct(async ({ api, client, port }) => {
    /** @param {number} server @param {object} request */
    const sendAll = async (server, request) => {
      const { result, usage } = await metered({ server, client: sender.pid }, () =>
        sender.ask({
          headers: {},
          fileName: 'bench.docx',
          count: COUNT,
          concurrency: CONCURRENCY,
          ...request,
        }),
      );
      return { sample: { speed: COUNT / result.seconds, ...usage }, bodies: result.bodies };
    };
    const samples = await inRounds(
      { rounds },
      [
        {
          name: 'waybill',
          run: async () => {
            const { headers } = client;
            const { sample, bodies } = await sendAll(api.pid, { port, path: '/api/upload', headers });
            // Sealing goes on beside the uploads, as it does in life; the next contestant waits for its end.
            for (const body of bodies) await client.completed(JSON.parse(body).uploadId);
            return sample;
          },
        },
        {
          name: 'multer',
          run: async () => {
            const { sample } = await sendAll(multer.pid, { port: multer.started.port, path: '/upload' });
            emptyFolder(directory);
            return sample;
          },
        },
      ],
      { between: () => bench.quiet() },
    );
    await Promise.all([sender.stop(), multer.stop()]);
    const [ours, theirs] = [samples.get('waybill') ?? [], samples.get('multer') ?? []];
    return [
      {
        title: `${title}, ${COUNT} × ${BYTES / 1024} KiB, ${CONCURRENCY} at a time`,
        contestants: [
          contestant('waybill', ours, 'uploads/s'),
          contestant('multer diskStorage: no database, no fsync', theirs, 'uploads/s'),
        ],
        goals: [ratio('rate against multer', ours, theirs, { must: 0.3, wanted: 0.6 })],
        bottleneck: bottleneck(medians(ours)),
      },
    ];
  });
}
