import { setTimeout as delay } from 'node:timers/promises';
import { LOOPBACK } from '../harness/raw-http.mjs';
import { quantile } from '../harness/rounds.mjs';

export const title = 'from the last byte to downloadable';

/** The smallest that is a document. */
const BYTES = 6 * 1024;
const WARMUPS = 5;
const UPLOADS_PER_ROUND = 10;
const PAUSE_MS = 100;
const POLL_MS = 2;
const LIMIT_MS = 10_000;

/** @param {import('../harness/workbench.mjs').Workbench} bench @returns {Promise<import('../harness/row.mjs').Row[]>} */
export async function measure(bench) {
  const sender = await bench.helper('clients/sender.mjs', { bytes: BYTES });
  const uploads = WARMUPS + bench.settings.rounds * UPLOADS_PER_ROUND;
  return bench.withProduct(async ({ client, port }) => {
    /** @type {{ answered: number, downloadable: number }[]} */
    const samples = [];
    for (let count = 0; count < uploads; count += 1) {
      const { headers } = client;
      // Counted from before the form was sent: a little too much rather than too little.
      const began = performance.now();
      const sent = await sender.ask({ port, path: '/api/upload', headers, fileName: 'bench.docx' });
      if (sent.status !== 201) throw new Error(`The upload was answered ${sent.status}: ${sent.body}`);
      const answered = sent.afterLastByte * 1000;
      const { fileId } = JSON.parse(sent.body);
      await downloadable(`http://${LOOPBACK}:${port}/api/files/${fileId}/content`, headers);
      if (count >= WARMUPS) samples.push({ answered, downloadable: performance.now() - began });
      await delay(PAUSE_MS);
    }
    await sender.stop();
    const of = (/** @type {'answered' | 'downloadable'} */ name, /** @type {number} */ q) =>
      quantile(
        samples.map((sample) => sample[name]),
        q,
      );
    return [
      {
        title: `${title}, ${BYTES / 1024} KiB, idle system`,
        contestants: [
          { name: 'acknowledged, median', value: of('answered', 0.5), unit: 'ms', samples },
          { name: 'downloadable, median', value: of('downloadable', 0.5), unit: 'ms' },
          { name: 'downloadable, 95 of 100', value: of('downloadable', 0.95), unit: 'ms' },
        ],
        goals: [
          {
            name: '95 of 100',
            value: of('downloadable', 0.95),
            unit: 'ms',
            must: 150,
            wanted: 60,
            atMost: true,
          },
        ],
      },
    ];
  });
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
