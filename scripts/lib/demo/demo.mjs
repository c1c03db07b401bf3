import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../paths.mjs';
import { Refusal } from '../say.mjs';
import { Api } from './api.mjs';
import { demoDocuments } from './documents.mjs';
import { scanForMarker } from './marker-scan.mjs';
import { megabytes, ProgressBar } from './progress-bar.mjs';
import { Product } from './product.mjs';

const DATA_DIR = join(ROOT, '.data', 'demo');

/** So short that a killed worker's job is taken up while one watches. */
const SETTINGS = { LEASE_SECONDS: '2', SWEEP_SECONDS: '1', LOG_LEVEL: 'info' };

/**
 * The main job, end to end, on real files, and then the proof that it was done right.
 * @returns {Promise<number>} the exit code
 */
export async function runDemo() {
  rmSync(DATA_DIR, { recursive: true, force: true });
  heading('Starting Waybill');
  const product = await Product.start(DATA_DIR, SETTINGS);
  const stop = () => void product.stop().then(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    await handOver(product);
  } finally {
    await product.stop();
  }
  heading('All of it held.');
  return 0;
}

/** @param {Product} product */
async function handOver(product) {
  const { small, large, marker } = demoDocuments();
  const ops = await loggedIn(product, 'ops');
  const client = await loggedIn(product, 'client');

  heading('Ops uploads three Office files and an archive of 64 MiB');
  const receipts = [];
  for (const document of [...small, large]) receipts.push(await upload(ops, document));

  heading('The worker is killed (kill -9) while it seals');
  console.log(
    `  worker ${product.killWorker()} is dead; the launcher starts another, which takes the work up`,
  );
  for (const receipt of receipts) {
    await ops.untilCompleted(receipt.uploadId);
    console.log(`  sealed    ${receipt.fileName}`);
  }

  heading('A client lists what it may have, asks for links, and downloads');
  const { items } = await client.call('GET', '/files');
  for (const document of [...small, large]) {
    const file = items.find((/** @type {{ name: string }} */ item) => item.name === document.name);
    if (!file) throw new Refusal(`The client does not see ${document.name}`);
    await download(client, file.id, document);
  }

  heading('What rests on disk');
  showCiphertext();
  const { hits, files, bytes } = await scanForMarker(DATA_DIR, marker);
  if (hits.length > 0) throw new Refusal(`Plaintext was found in:\n  ${hits.join('\n  ')}`);
  console.log(
    `  a marker of the archive was looked for in ${files} files (${megabytes(bytes)}): found nowhere`,
  );

  heading('fsck');
  if ((await product.fsck()) !== 0) throw new Refusal('fsck found something');
}

/** @param {Product} product @param {'ops' | 'client'} role */
async function loggedIn(product, role) {
  const { email, password } = product.account(role);
  const api = new Api(product.api);
  await api.login(email, password);
  return api;
}

/** @param {Api} api @param {import('./documents.mjs').Document} document */
async function upload(api, document) {
  const bar = new ProgressBar(document.name, document.size);
  const receipt = await api.upload(document, (sent) => bar.update(sent));
  bar.finish('received, durable');
  return receipt;
}

/** @param {Api} api @param {string} fileId @param {import('./documents.mjs').Document} document */
async function download(api, fileId, document) {
  const { downloadUrl } = await api.call('POST', `/files/${fileId}/download-link`, {});
  const bar = new ProgressBar(document.name, document.size);
  const sha256 = await api.download(downloadUrl, (received) => bar.update(received));
  if (sha256 !== document.sha256) throw new Refusal(`${document.name} came back as other bytes (${sha256})`);
  bar.finish(`SHA-256 ${sha256.slice(0, 16)}… agrees`);
}

function showCiphertext() {
  const vault = join(DATA_DIR, 'objects', 'vault');
  for (const entry of readdirSync(vault, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) console.log(`  ciphertext  ${join(entry.parentPath, entry.name)}`);
  }
}

/** @param {string} text */
function heading(text) {
  console.log(`\n${text}`);
}
