import pg from 'pg';
import { bottleneck, metered, withForeignCores } from '../harness/meter.mjs';
import { withMemorySettings } from '../../../scripts/lib/process-memory.mjs';
import { measureOpenssl } from '../peers/openssl.mjs';
import { inRounds, median, medians } from '../harness/rounds.mjs';
import { contestant } from '../harness/row.mjs';

export const title = 'sealing';

/** From here on the product hashes in a thread of its own (libs/features/uploads/sealing). */
const HASHING_THREAD_MIB = 64;
const ONE_THREAD = { must: 0.75, wanted: 0.83 };
const WITH_HASHING_THREAD = { must: 1, wanted: 1.14 };

/**
 * V8 collects all garbage each time that so many bytes of buffers came, and a bare process starts with a limit so low
 * that this costs as much as SHA-256. The worker, whose heap is larger, is spared it; so is the engine then.
 */
const WORKER_HEAP = ['--initial-old-space-size=128'];

/** @param {import('../harness/workbench.mjs').Workbench} bench @returns {Promise<import('../harness/row.mjs').Row[]>} */
export async function measure(bench) {
  const { sizeMiB } = bench.settings;
  const sender = await bench.helper('clients/sender.mjs', { bytes: bench.bytes });
  const staged = { directory: bench.folder('engine'), bytes: bench.bytes };
  const engine = await bench.helper('engines/sealing.mjs', staged, {
    env: withMemorySettings('worker', {}),
    execArgv: WORKER_HEAP,
  });
  const product = await bench.product();
  const database = new pg.Client({ connectionString: product.databaseUrl });
  await database.connect();
  bench.onEnd(() => database.end());

  const row = await bench.withProduct(async ({ worker, client, port }) => {
    /** @type {string[]} */
    const missing = [];
    const contestants = [
      {
        name: 'job',
        run: async () => {
          const { headers } = client;
          const { result: sealed, usage } = await metered(
            { server: worker.pid, client: sender.pid },
            async () => {
              const sent = await sender.ask({ port, path: '/api/upload', headers, fileName: 'bench.docx' });
              if (sent.status !== 201)
                throw new Error(`The upload was answered ${sent.status}: ${sent.body}`);
              const { uploadId, fileId } = JSON.parse(sent.body);
              await client.completed(uploadId);
              return { uploadId, fileId };
            },
          );
          await client.request('DELETE', `/files/${sealed.fileId}`);
          const speed = sizeMiB / (await sealingSeconds(database, sealed.uploadId));
          return { ...usage, speed, cpuPerGiB: (usage.serverCpu * 1024) / sizeMiB };
        },
      },
      {
        name: 'engine',
        run: async () => {
          const { result, usage } = await metered({ server: engine.pid, client: process.pid }, () =>
            engine.ask({}),
          );
          return {
            ...usage,
            speed: sizeMiB / result.seconds,
            loopSpeed: sizeMiB / (usage.loop * usage.seconds),
            cpuPerGiB: (usage.serverCpu * 1024) / sizeMiB,
          };
        },
      },
      {
        name: 'openssl',
        run: async () => {
          const { result, foreign } = await withForeignCores(measureOpenssl);
          return { foreign, speed: result?.serialMiB ?? NaN, ...result };
        },
      },
    ];
    const samples = await inRounds(bench.settings, contestants, { between: () => bench.quiet() });
    const [job, ours, openssl] = ['job', 'engine', 'openssl'].map((name) => samples.get(name) ?? []);
    const limit = median(openssl.map(({ speed }) => speed));
    if (Number.isNaN(limit)) missing.push('openssl: there is none on PATH');
    const usage = medians(/** @type {any} */ (ours));
    const limits = sizeMiB < HASHING_THREAD_MIB ? ONE_THREAD : WITH_HASHING_THREAD;
    /** @param {string} name @param {{ speed: number }[]} measured */
    const goal = (name, measured) => ({
      name,
      value: median(measured.map(({ speed }) => speed)) / limit,
      unit: '×',
      ...limits,
    });
    return {
      title: `${title}, ${sizeMiB} MiB${limits === ONE_THREAD ? '' : ', hashed in a thread of its own'}`,
      contestants: [
        contestant('waybill, engine alone: read, verify, hash, encrypt, write, fsync', ours, 'MiB/s'),
        {
          name: 'waybill, engine: what the CPU seconds of its event loop allow',
          value: usage.loopSpeed,
          unit: 'MiB/s',
        },
        contestant('waybill, whole job: from received to completed', job, 'MiB/s'),
        contestant('serial limit of openssl: decrypt, SHA-256, encrypt', openssl, 'MiB/s'),
      ],
      goals: Number.isNaN(limit)
        ? []
        : [goal('engine against the limit', ours), goal('job against the limit', job)],
      bottleneck: bottleneck(usage),
      foreign: usage.foreign,
      missing,
    };
  });
  await Promise.all([sender.stop(), engine.stop()]);
  return [row];
}

/**
 * From the commit of the last byte to the commit of the file, by the database's clock: validation, queue and all.
 * @param {pg.Client} database @param {string} uploadId
 */
async function sealingSeconds(database, uploadId) {
  const { rows } = await database.query(
    `SELECT extract(epoch FROM completed_at - received_at)::float8 AS seconds FROM uploads WHERE id = $1`,
    [uploadId],
  );
  return rows[0].seconds;
}
