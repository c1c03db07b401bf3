import { withForeignCores } from '../harness/meter.mjs';
import { LOOPBACK } from '../harness/raw-http.mjs';
import { median, quantile } from '../harness/rounds.mjs';

export const title = 'what is told of a file, with the metadata cache and past it';

const BYTES = 6 * 1024;
/** So often the file is changed, and so often it is looked at after each change. */
const CHANGES = 100;
const LOOKS = 10;
const LIMIT_MS = 10_000;

/** @param {import('../harness/workbench.mjs').Workbench} bench @returns {Promise<import('../harness/row.mjs').Row[]>} */
export async function measure(bench) {
  const sender = await bench.helper('clients/sender.mjs', { bytes: BYTES });
  return bench.withProduct(async ({ client, port }) => {
    const sent = await sender.ask({
      port,
      path: '/api/upload',
      headers: client.headers,
      fileName: 'bench.docx',
    });
    await sender.stop();
    if (sent.status !== 201) throw new Error(`The upload was answered ${sent.status}: ${sent.body}`);
    const url = `http://${LOOPBACK}:${port}/api/files/${JSON.parse(sent.body).fileId}`;
    for (const deadline = Date.now() + LIMIT_MS; !(await fetch(url, { headers: client.headers })).ok;) {
      if (Date.now() > deadline) throw new Error('The file does not come.');
    }
    const { result, foreign } = await withForeignCores(() => lookAndChange(url, client.headers));
    const { HIT: hits, MISS: misses } = result;
    return [
      {
        title: `${title}: ${LOOKS} looks after each of ${CHANGES} changes`,
        contestants: [
          { name: 'from the cache, median', value: median(hits), unit: 'ms' },
          { name: 'from the cache, 95 of 100', value: quantile(hits, 0.95), unit: 'ms' },
          { name: 'past it, median', value: median(misses), unit: 'ms' },
          { name: 'past it, 95 of 100', value: quantile(misses, 0.95), unit: 'ms' },
        ],
        goals: [
          {
            name: 'hits of all looks',
            value: hits.length / (hits.length + misses.length),
            unit: '',
            must: 0.85,
          },
          {
            name: 'from the cache against past it',
            value: median(hits) / median(misses),
            unit: '×',
            must: 1,
            atMost: true,
          },
        ],
        foreign,
      },
    ];
  });
}

/** @param {string} url @param {Record<string, string>} headers @returns {Promise<Record<'HIT' | 'MISS', number[]>>} ms */
async function lookAndChange(url, headers) {
  const times = { HIT: /** @type {number[]} */ ([]), MISS: /** @type {number[]} */ ([]) };
  for (let n = 1; n <= CHANGES; n++) {
    const changed = await fetch(url, {
      method: 'PATCH',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ title: `title ${n}` }),
    });
    if (!changed.ok) throw new Error(`The change was answered ${changed.status}.`);
    await changed.arrayBuffer();
    for (let look = 0; look < LOOKS; look++) {
      const began = performance.now();
      const response = await fetch(url, { headers });
      const told = await response.json();
      const cache = response.headers.get('x-cache') === 'HIT' ? 'HIT' : 'MISS';
      times[cache].push(performance.now() - began);
      if (told.title !== `title ${n}`) throw new Error('That was out of date.');
    }
  }
  return times;
}
