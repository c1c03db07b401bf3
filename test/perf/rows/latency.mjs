import { setTimeout as delay } from 'node:timers/promises';
import { withForeignCores } from '../harness/meter.mjs';
import { LOOPBACK } from '../harness/raw-http.mjs';
import { inRounds, median, quantile } from '../harness/rounds.mjs';

export const title = 'from the last byte to downloadable';

/** The smallest that is a document. */
const BYTES = 6 * 1024;
const UPLOADS_PER_ROUND = 10;
const PAUSE_MS = 100;
const POLL_MS = 2;
const LIMIT_MS = 10_000;

/** @typedef {{ answeredMs: number, downloadableMs: number }} Times */

/** @param {import('../harness/workbench.mjs').Workbench} bench @returns {Promise<import('../harness/row.mjs').Row[]>} */
export async function measure(bench) {
  const sender = await bench.helper('clients/sender.mjs', { bytes: BYTES });
  return bench.withProduct(async ({ client, port }) => {
    const uploadSome = async () => {
      /** @type {Times[]} */
      const times = [];
      while (times.length < UPLOADS_PER_ROUND) {
        times.push(await uploadOnce(sender, port, client.headers));
        await delay(PAUSE_MS);
      }
      return times;
    };
    const run = async () => {
      const { result: times, foreign } = await withForeignCores(uploadSome);
      return { times, foreign };
    };
    const rounds = (await inRounds(bench.settings, [{ name: 'waybill', run }])).get('waybill') ?? [];
    await sender.stop();

    const samples = rounds.flatMap(({ times }) => times);
    const answered = samples.map(({ answeredMs }) => answeredMs);
    const downloadable = samples.map(({ downloadableMs }) => downloadableMs);
    const slow = quantile(downloadable, 0.95);
    return [
      {
        title: `${title}, ${BYTES / 1024} KiB, idle system`,
        contestants: [
          { name: 'acknowledged, median', value: median(answered), unit: 'ms', samples },
          { name: 'downloadable, median', value: median(downloadable), unit: 'ms' },
          { name: 'downloadable, 95 of 100', value: slow, unit: 'ms' },
        ],
        goals: [{ name: '95 of 100', value: slow, unit: 'ms', must: 150, wanted: 60, atMost: true }],
        foreign: median(rounds.map(({ foreign }) => foreign)),
      },
    ];
  });
}

/**
 * @param {import('../harness/helper.mjs').Helper} sender @param {number} port @param {Record<string, string>} headers
 * @returns {Promise<Times>}
 */
async function uploadOnce(sender, port, headers) {
  // Counted from before the form was sent: a little too much rather than too little.
  const began = performance.now();
  const sent = await sender.ask({ port, path: '/api/upload', headers, fileName: 'bench.docx' });
  if (sent.status !== 201) throw new Error(`The upload was answered ${sent.status}: ${sent.body}`);
  const { fileId } = JSON.parse(sent.body);
  await downloadable(`http://${LOOPBACK}:${port}/api/files/${fileId}/content`, headers);
  return { answeredMs: sent.afterLastByte * 1000, downloadableMs: performance.now() - began };
}

/** Asks for the whole file until it comes. @param {string} url @param {Record<string, string>} headers */
async function downloadable(url, headers) {
  for (const deadline = Date.now() + LIMIT_MS; ; await delay(POLL_MS)) {
    const response = await fetch(url, { headers });
    await response.arrayBuffer();
    if (response.ok) return;
    if (Date.now() > deadline) throw new Error(`The file still answers ${response.status}.`);
  }
}
