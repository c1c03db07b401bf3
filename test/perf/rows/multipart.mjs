import { bottleneck, metered } from '../harness/meter.mjs';
import { inRounds, medians } from '../harness/rounds.mjs';
import { contestant, ratio } from '../harness/row.mjs';
import { emptyFolder } from '../harness/workbench.mjs';

export const title = 'encrypted, durable multipart upload';

/** @param {import('../harness/workbench.mjs').Workbench} bench @returns {Promise<import('../harness/row.mjs').Row[]>} */
export async function measure(bench) {
  const { sizeMiB, rounds } = bench.settings;
  const directory = bench.folder('multer');
  const sender = await bench.helper('clients/sender.mjs', { bytes: bench.bytes });
  const multer = await bench.helper('peers/multer.mjs', { directory });
  const fileName = 'bench.docx';

  return bench.withProduct(async ({ api, client, port }) => {
    /** @param {number} server @param {object} request */
    const send = async (server, request) => {
      const pids = { server, client: sender.pid };
      const { result, usage } = await metered(pids, () => sender.ask({ headers: {}, fileName, ...request }));
      if (result.status !== 201) throw new Error(`The upload was answered ${result.status}: ${result.body}`);
      const sample = {
        speed: sizeMiB / result.seconds,
        cpuPerGiB: (usage.serverCpu * 1024) / sizeMiB,
        afterLastByteMs: result.afterLastByte * 1000,
        ...usage,
      };
      return { sample, body: JSON.parse(result.body) };
    };
    const samples = await inRounds(
      { rounds },
      [
        {
          name: 'waybill',
          run: async () => {
            const { headers } = client;
            const { sample, body } = await send(api.pid, { port, path: '/api/upload', headers });
            await client.completed(body.uploadId);
            await client.request('DELETE', `/files/${body.fileId}`);
            return sample;
          },
        },
        {
          name: 'multer',
          run: async () => {
            const { sample } = await send(multer.pid, { port: multer.started.port, path: '/upload' });
            emptyFolder(directory);
            return sample;
          },
        },
      ],
      { between: () => bench.quiet() },
    );
    await Promise.all([sender.stop(), multer.stop()]);
    const ours = medians(samples.get('waybill') ?? []);
    return [
      {
        title: `${title}, ${sizeMiB} MiB`,
        contestants: [
          contestant('waybill', samples.get('waybill'), 'MiB/s'),
          contestant('multer diskStorage: plaintext, no fsync', samples.get('multer'), 'MiB/s'),
        ],
        goals: [
          ratio('speed against multer', samples.get('waybill'), samples.get('multer'), {
            must: 1,
            wanted: 1.35,
          }),
        ],
        bottleneck: bottleneck(ours),
      },
    ];
  });
}
