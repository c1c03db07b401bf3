import { setTimeout as delay } from 'node:timers/promises';
import { peakMiB, resetPeak } from '../harness/proc.mjs';
import { median } from '../harness/rounds.mjs';

export const title = 'peak memory';

const MIB = 1024 * 1024;
const SMALL_MIB = 50;
const LARGE_MIB = 500;
const SETTLE_MS = 2_000;
/** Fresh processes for each size: three rounds of them say enough. */
const ROUNDS = 3;

const PROCESSES = /** @type {const} */ (['api', 'worker']);

/** @param {import('../harness/workbench.mjs').Workbench} bench @returns {Promise<import('../harness/row.mjs').Row[]>} */
export async function measure(bench) {
  const rounds = Math.min(ROUNDS, bench.settings.rounds);
  const sender = await bench.helper('clients/sender.mjs', { bytes: SMALL_MIB * MIB });
  /** @type {Record<'api' | 'worker', { idle: number, small: number, large: number }[]>} */
  const samples = { api: [], worker: [] };
  for (let round = 0; round < rounds; round += 1) {
    const small = await peaks(bench, sender, SMALL_MIB);
    const large = await peaks(bench, sender, LARGE_MIB);
    for (const name of PROCESSES) {
      const idle = median([small[name].idle, large[name].idle]);
      samples[name].push({ idle, small: small[name].peak, large: large[name].peak });
    }
  }
  await sender.stop();
  return PROCESSES.map((name) => asRow(name, samples[name]));
}

/**
 * Uploads one document to fresh processes and waits until it is sealed.
 * @param {import('../harness/workbench.mjs').Workbench} bench @param {import('../harness/helper.mjs').Helper} sender
 * @param {number} sizeMiB
 */
async function peaks(bench, sender, sizeMiB) {
  await sender.ask({ bytes: sizeMiB * MIB });
  return bench.withProduct(async ({ api, worker, client, port }) => {
    const pids = { api: api.pid, worker: worker.pid };
    const idle = await peakDuring(pids, () => delay(SETTLE_MS));
    const { headers } = client;
    const peak = await peakDuring(pids, async () => {
      const request = { port, path: '/api/upload', headers, fileName: 'bench.docx' };
      const { status, body } = await sender.ask(request);
      if (status !== 201) throw new Error(`The upload was answered ${status}: ${body}`);
      await client.completed(JSON.parse(body).uploadId);
    });
    return {
      api: { idle: idle.api, peak: peak.api },
      worker: { idle: idle.worker, peak: peak.worker },
    };
  });
}

/** @param {{ api: number, worker: number }} pids @param {() => Promise<unknown>} work */
async function peakDuring({ api, worker }, work) {
  resetPeak(api);
  resetPeak(worker);
  await work();
  return { api: peakMiB(api), worker: peakMiB(worker) };
}

/** @param {'api' | 'worker'} name @param {{ idle: number, small: number, large: number }[]} samples @returns {import('../harness/row.mjs').Row} */
function asRow(name, samples) {
  const [idle, small, large] = /** @type {const} */ (['idle', 'small', 'large']).map((key) =>
    median(samples.map((sample) => sample[key])),
  );
  return {
    title: `${title} of the ${name}`,
    contestants: [
      { name: 'idle', value: idle, unit: 'MiB', samples },
      { name: `during ${SMALL_MIB} MiB`, value: small, unit: 'MiB' },
      { name: `during ${LARGE_MIB} MiB`, value: large, unit: 'MiB' },
    ],
    goals: [
      { name: `${LARGE_MIB} MiB over idle`, value: large - idle, unit: 'MiB', must: 60, atMost: true },
      {
        name: `${LARGE_MIB} MiB over ${SMALL_MIB} MiB`,
        value: large - small,
        unit: 'MiB',
        must: 30,
        atMost: true,
      },
    ],
  };
}
