import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { bottleneck, metered } from '../harness/meter.mjs';
import { LOOPBACK } from '../harness/raw-http.mjs';
import { median, quantile } from '../harness/rounds.mjs';

export const title = 'what users wait for while others upload';

const MIB = 1024 * 1024;
/** The load: so many documents on their way at any time, each sealed and deleted again. */
const LOAD = { files: 4, mib: 32 };
const CANCELS = 20;
const CALLS_PER_UPLOAD = 15;
const PAUSE_MS = 10;
const LIMIT_MS = 30_000;
/** Announced by an upload that is to be cancelled before it comes to its end. */
const ANNOUNCED_BYTES = 64 * MIB;
const BOUNDARY = 'waybill-bench-9f2b61c4de';

/** @param {import('../harness/workbench.mjs').Workbench} bench @returns {Promise<import('../harness/row.mjs').Row[]>} */
export async function measure(bench) {
  const product = await bench.product();
  const database = new pg.Client({ connectionString: product.databaseUrl });
  await database.connect();
  bench.onEnd(() => database.end());
  const sender = await bench.helper('clients/sender.mjs', { bytes: LOAD.mib * MIB });

  return bench.withProduct(async ({ api, client, port }) => {
    const done = new AbortController();
    const load = keepUploading(sender, client, port, done.signal);
    const { result: times, usage } = await metered({ server: api.pid, client: sender.pid }, async () => {
      const writes = writeUntil(database, done.signal);
      const users = watchAndCancel(client, port).finally(() => done.abort());
      const [uploads, writeMs] = await Promise.all([users, writes]);
      return { ...uploads, writeMs };
    });
    const files = await load;
    await sender.stop();
    return [
      {
        title: `${title}: ${LOAD.files} documents of ${LOAD.mib} MiB at any time, ${files} in all`,
        contestants: [
          ...both('progress call', times.progressMs),
          ...both('cancel, to its answer', times.cancelMs),
          ...both('cancel, to the end of the connection', times.cutMs),
          ...both('database write, to its commit', times.writeMs),
        ],
        goals: [
          slowest('progress call', times.progressMs, 100),
          slowest('cancel', times.cancelMs, 500),
          slowest('database write', times.writeMs, 50),
        ],
        bottleneck: bottleneck(usage),
        foreign: usage.foreign,
      },
    ];
  });
}

/** @param {string} name @param {number[]} ms */
const both = (name, ms) => [
  { name: `${name}, median of ${ms.length}`, value: median(ms), unit: 'ms' },
  { name: `${name}, 99 of 100`, value: quantile(ms, 0.99), unit: 'ms' },
];

/** @param {string} name @param {number[]} ms @param {number} must */
const slowest = (name, ms, must) => ({
  name: `${name}, 99 of 100`,
  value: quantile(ms, 0.99),
  unit: 'ms',
  must,
  atMost: true,
});

/**
 * @param {import('../harness/helper.mjs').Helper} sender @param {import('../harness/product.mjs').RunningProduct['client']} client
 * @param {number} port @param {AbortSignal} done @returns {Promise<number>} files that were uploaded
 */
async function keepUploading(sender, client, port, done) {
  const { headers } = client;
  const { files: count } = LOAD;
  let files = 0;
  while (!done.aborted) {
    const path = '/api/upload';
    const { bodies } = await sender.ask({
      port,
      path,
      headers,
      fileName: 'bench.docx',
      count,
      concurrency: count,
    });
    files += count;
    for (const body of bodies) {
      const { uploadId, fileId } = JSON.parse(body);
      await client.completed(uploadId);
      await client.request('DELETE', `/files/${fileId}`);
    }
  }
  return files;
}

/**
 * Begins uploads one after the other, asks how far each is, and cancels it.
 * @param {import('../harness/product.mjs').RunningProduct['client']} client @param {number} port
 */
async function watchAndCancel(client, port) {
  /** @type {Record<'progressMs' | 'cancelMs' | 'cutMs', number[]>} */
  const times = { progressMs: [], cancelMs: [], cutMs: [] };
  while (times.cancelMs.length < CANCELS) {
    const uploadId = randomUUID();
    const cut = beginUpload(port, client.headers, uploadId);
    await known(client, uploadId);
    for (let call = 0; call < CALLS_PER_UPLOAD; call += 1) {
      const [, ms] = await timed(() => client.request('GET', `/upload/progress/${uploadId}`));
      times.progressMs.push(ms);
      await delay(PAUSE_MS);
    }
    const began = performance.now();
    const [, ms] = await timed(() => client.request('POST', `/upload/cancel/${uploadId}`));
    times.cancelMs.push(ms);
    times.cutMs.push((await cut) - began);
  }
  return times;
}

/** @template T @param {() => Promise<T>} work @returns {Promise<[T, number]>} with the milliseconds it took */
async function timed(work) {
  const began = performance.now();
  return [await work(), performance.now() - began];
}

/**
 * Sends the beginning of a document, and no more.
 * @param {number} port @param {Record<string, string>} headers @param {string} uploadId
 * @returns {Promise<number>} when it was answered, or cut
 */
function beginUpload(port, headers, uploadId) {
  const request = httpRequest({
    host: LOOPBACK,
    port,
    path: '/api/upload',
    method: 'POST',
    agent: false,
    headers: {
      ...headers,
      'X-Upload-Id': uploadId,
      'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`,
      'Content-Length': ANNOUNCED_BYTES,
    },
  });
  request.write(
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="bench.docx"\r\n` +
      'Content-Type: application/octet-stream\r\n\r\n',
  );
  request.write(Buffer.alloc(MIB, 0x50));
  return new Promise((resolve) => {
    const ended = () => {
      request.destroy();
      resolve(performance.now());
    };
    request.once('response', ended);
    request.once('error', ended);
    request.once('close', ended);
  });
}

/** @param {import('../harness/product.mjs').RunningProduct['client']} client @param {string} uploadId */
async function known(client, uploadId) {
  for (const deadline = Date.now() + LIMIT_MS; ; await delay(PAUSE_MS)) {
    try {
      return await client.request('GET', `/upload/progress/${uploadId}`);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

/** @param {pg.Client} database @param {AbortSignal} done @returns {Promise<number[]>} milliseconds of each write */
async function writeUntil(database, done) {
  await database.query('CREATE TABLE bench_writes (at timestamptz NOT NULL)');
  /** @type {number[]} */
  const times = [];
  while (!done.aborted) {
    const [, ms] = await timed(() => database.query('INSERT INTO bench_writes VALUES (now())'));
    times.push(ms);
    await delay(PAUSE_MS);
  }
  await database.query('DROP TABLE bench_writes');
  return times;
}
