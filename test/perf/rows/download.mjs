import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { bottleneck, metered } from '../harness/meter.mjs';
import { inRounds, medians } from '../harness/rounds.mjs';
import { contestant, ratio } from '../harness/row.mjs';
import { startNginx } from '../peers/nginx.mjs';

const { largeDocument } = createRequire(import.meta.url)('../../fixtures/documents/large-document.cjs');

export const title = 'encrypted download';

const CLIENTS = [1, 8];

/** @param {import('../harness/workbench.mjs').Workbench} bench @returns {Promise<import('../harness/row.mjs').Row[]>} */
export async function measure(bench) {
  const { sizeMiB, rounds } = bench.settings;
  const root = bench.folder('plaintext');
  const path = join(root, 'file');
  const sha256 = await writePlaintext(path, bench.bytes);
  const sink = await bench.helper('clients/sink.mjs');
  const sendFile = await bench.helper('peers/send-file.mjs', { path });
  const nginx = await startNginx({ root, directory: bench.folder('nginx') });
  if (nginx) bench.onEnd(() => nginx.stop());

  const rows = await bench.withProduct(async ({ api, client, port }) => {
    const { fileId } = await upload(bench, port, client);
    const link = async () => {
      const { downloadUrl } = await client.request('POST', `/files/${fileId}/download-link`, {});
      return new URL(downloadUrl).pathname;
    };
    const checked = await sink.ask({ port, path: await link(), clients: 1, digest: true });
    if (checked.sha256 !== sha256) throw new Error('The downloaded bytes are not those that were uploaded.');

    const servers = [
      { name: 'waybill', pid: api.pid, port, address: link },
      { name: 'express', pid: sendFile.pid, port: sendFile.started.port, address: () => '/file' },
      ...(nginx ? [{ name: 'nginx', pid: nginx.pid, port: nginx.port, address: () => '/file' }] : []),
    ];
    const result = [];
    for (const clients of CLIENTS) {
      const samples = await inRounds(
        { rounds },
        servers.map(({ name, pid, port: itsPort, address }) => ({
          name,
          run: async () => {
            const request = { port: itsPort, path: await address(), clients };
            const pids = { server: pid, client: sink.pid };
            const { result: received, usage } = await metered(pids, () => sink.ask(request));
            const mib = received.bytes / 1024 / 1024;
            return { speed: mib / received.seconds, cpuPerGiB: (usage.serverCpu * 1024) / mib, ...usage };
          },
        })),
      );
      result.push(asRow(samples, clients, sizeMiB));
    }
    return result;
  });
  await Promise.all([sink.stop(), sendFile.stop(), nginx?.stop()]);
  return rows;
}

/** @param {Map<string, any[]>} samples @param {number} clients @param {number} sizeMiB @returns {import('../harness/row.mjs').Row} */
function asRow(samples, clients, sizeMiB) {
  const [ours, express, nginx] = ['waybill', 'express', 'nginx'].map((name) => samples.get(name));
  const usage = medians(ours ?? []);
  return {
    title: `${title}, ${clients === 1 ? '1 client' : `${clients} clients`}, ${sizeMiB} MiB`,
    contestants: [
      contestant('waybill', ours, 'MiB/s'),
      contestant('express sendFile: plaintext', express, 'MiB/s'),
      ...(nginx ? [contestant('nginx sendfile: plaintext', nginx, 'MiB/s')] : []),
    ],
    goals: [
      ...(nginx ? [ratio('speed against nginx', ours, nginx, { must: 0.45, wanted: 0.55 })] : []),
      ...(clients === 1 ? [ratio('speed against express', ours, express, { must: 1.3, wanted: 1.5 })] : []),
    ],
    bottleneck: bottleneck(usage),
    missing: nginx ? [] : ['nginx: there is none on PATH'],
  };
}

/**
 * @param {import('../harness/workbench.mjs').Workbench} bench @param {number} port
 * @param {import('../harness/product.mjs').RunningProduct['client']} client
 */
async function upload(bench, port, client) {
  const sender = await bench.helper('clients/sender.mjs', { bytes: bench.bytes });
  const { headers } = client;
  const { body } = await sender.ask({ port, path: '/api/upload', headers, fileName: 'bench.docx' });
  await sender.stop();
  const { uploadId, fileId } = JSON.parse(body);
  await client.completed(uploadId);
  return { fileId };
}

/** @param {string} path @param {number} bytes @returns {Promise<string>} its SHA-256, in hex */
async function writePlaintext(path, bytes) {
  const hash = createHash('sha256');
  const hashed = function* () {
    for (const chunk of largeDocument(bytes)) {
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(Readable.from(hashed()), createWriteStream(path));
  return hash.digest('hex');
}
