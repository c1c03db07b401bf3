import { bottleneck, metered } from '../harness/meter.mjs';
import { inRounds, medians } from '../harness/rounds.mjs';
import { contestant, ratio } from '../harness/row.mjs';
import { emptyFolder } from '../harness/workbench.mjs';

export const title = 'encrypted, durable tus upload';

const MIB = 1024 * 1024;

/** In one request, and in as many as the goal names: 64 of 16 MiB, of a document twice as large as the others. */
const SHAPES = [
  { times: 1, patchMiB: Infinity },
  { times: 2, patchMiB: 16 },
];

/** @param {import('../harness/workbench.mjs').Workbench} bench @returns {Promise<import('../harness/row.mjs').Row[]>} */
export async function measure(bench) {
  const directory = bench.folder('tus-server');
  const sender = await bench.helper('clients/tus-sender.mjs');
  const peer = await bench.helper('peers/tus-server.mjs', { directory });

  const rows = await bench.withProduct(async ({ api, client, port }) => {
    /** @param {number} server @param {{ sizeMiB: number }} request */
    const send = async (server, { sizeMiB, ...request }) => {
      const pids = { server, client: sender.pid };
      const { result, usage } = await metered(pids, () =>
        sender.ask({ headers: {}, fileName: 'bench.docx', ...request }),
      );
      const { seconds, slowestAnswer, location } = result;
      const cpuPerGiB = (usage.serverCpu * 1024) / sizeMiB;
      const slowestAnswerMs = slowestAnswer * 1000;
      return { sample: { ...usage, speed: sizeMiB / seconds, cpuPerGiB, slowestAnswerMs }, location };
    };
    const result = [];
    for (const { times, patchMiB } of SHAPES) {
      const sizeMiB = bench.settings.sizeMiB * times;
      const patches = Math.ceil(sizeMiB / patchMiB) || 1;
      await sender.ask({ document: sizeMiB * MIB });
      const samples = await inRounds(
        bench.settings,
        [
          {
            name: 'waybill',
            run: async () => {
              const { headers } = client;
              const path = '/api/upload/resumable';
              const { sample, location } = await send(api.pid, { sizeMiB, port, path, headers, patches });
              const { fileId } = await client.completed(location.slice(location.lastIndexOf('/') + 1));
              await client.request('DELETE', `/files/${fileId}`);
              return sample;
            },
          },
          {
            name: 'tus-node-server',
            run: async () => {
              const { port } = peer.started;
              const { sample } = await send(peer.pid, { sizeMiB, port, path: '/files', patches });
              emptyFolder(directory);
              return sample;
            },
          },
        ],
        { between: () => bench.quiet() },
      );
      result.push(asRow(samples, patches, sizeMiB));
    }
    return result;
  });
  await Promise.all([sender.stop(), peer.stop()]);
  return rows;
}

/** @param {Map<string, any[]>} samples @param {number} patches @param {number} sizeMiB @returns {import('../harness/row.mjs').Row} */
function asRow(samples, patches, sizeMiB) {
  const [ours, theirs] = [samples.get('waybill') ?? [], samples.get('tus-node-server') ?? []];
  const usage = medians(ours);
  const parts = patches === 1 ? 'one PATCH' : `${patches} PATCHes of ${Math.ceil(sizeMiB / patches)} MiB`;
  return {
    title: `${title}, ${sizeMiB} MiB, ${parts}`,
    contestants: [
      contestant('waybill', ours, 'MiB/s'),
      contestant('@tus/server with @tus/file-store: plaintext, no fsync', theirs, 'MiB/s'),
    ],
    goals: [
      ratio('speed against @tus/server', ours, theirs, { must: 1.1, wanted: 1.5 }),
      {
        name: 'CPU seconds per GiB against @tus/server',
        value: usage.cpuPerGiB / medians(theirs).cpuPerGiB,
        unit: '×',
        must: 0.8,
        wanted: 0.7,
        atMost: true,
      },
    ],
    bottleneck: bottleneck(usage),
    foreign: usage.foreign,
  };
}
