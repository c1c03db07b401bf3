import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../paths.mjs';
import { Refusal } from '../say.mjs';
import { digestOf, layOutDocuments } from './documents.mjs';
import { scanForMarker } from './marker-scan.mjs';
import { Product } from './product.mjs';
import { TerminalClient } from './terminal-client.mjs';
import { Uploads } from './uploads.mjs';

const DATA_DIR = join(ROOT, '.data', 'demo');

const CUT_BYTES = 8 * 1024 * 1024;
const BEFORE_SEALING = new Set(['uploading', 'completed']);

/** So short that a killed worker's job is taken up while one watches. */
const SETTINGS = { LEASE_SECONDS: '2', SWEEP_SECONDS: '1', LOG_LEVEL: 'info' };

/**
 * The main job, end to end, on real files, and then the proof that it was done right.
 * @returns {Promise<number>} the exit code
 */
export async function runDemo() {
  rmSync(DATA_DIR, { recursive: true, force: true });
  const folder = mkdtempSync(join(tmpdir(), 'waybill-demo-'));
  heading('Starting Waybill');
  const product = await Product.start(DATA_DIR, SETTINGS);
  const stop = () => void product.stop().then(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    await handOver(product, folder);
  } finally {
    await product.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  heading('All of it held.');
  return 0;
}

/** @param {Product} product @param {string} folder of whoever hands over and receives, on another machine so to say */
async function handOver(product, folder) {
  const { small, large, marker } = layOutDocuments(folder);
  const ops = new TerminalClient(product.api, product.account('ops'), folder);
  const client = new TerminalClient(product.api, product.account('client'), folder);
  const uploads = await Uploads.of(product.api, product.account('ops'));

  heading('Ops uploads three Office files and a video');
  await ops.run('upload', ...small);

  heading('Ops uploads an archive of 64 MiB, and is killed (kill -9) on the way');
  const first = ops.start('upload', large);
  const cut = await uploads.moment(large, ({ bytesUploaded }) => bytesUploaded > CUT_BYTES, first.ended);
  first.child.kill('SIGKILL');
  await first.ended;
  console.log(
    cut === null ? '\n  it was faster' : `\n  dead, with ${megabytes(cut.bytesUploaded)} on their way`,
  );

  heading('The same command goes on; the worker is killed (kill -9) while it seals');
  const second = ops.start('upload', large);
  const sealing = await uploads.moment(large, ({ status }) => !BEFORE_SEALING.has(status), second.ended);
  const pid = sealing === null ? null : product.killWorker();
  const { output, code } = await second.ended;
  if (code !== 0) throw new Refusal(`The upload ended with exit code ${code}`);
  console.log(`  ${output}`);
  if (pid !== null)
    console.log(`  worker ${pid} was killed; the launcher started another, which took the work up`);

  heading('A client lists what it may have, asks for a link, and downloads');
  const listed = await client.run('ls');
  for (const name of [...small, large]) {
    const id = listed.find((line) => line.includes(`  ${name}`))?.split(' ', 1)[0];
    if (!id) throw new Refusal(`The client does not see ${name}`);
    if (name === large) await client.run('link', id, '--expires-in', '60');
    await client.run('download', id, '--output', `received-${name}`);
    compare(join(folder, name), join(folder, `received-${name}`));
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

/** @param {string} sent @param {string} received */
function compare(sent, received) {
  const [before, after] = [digestOf(sent), digestOf(received)];
  if (before !== after) throw new Refusal(`${received} has other bytes (${after})`);
  console.log(`  SHA-256 ${after.slice(0, 16)}… agrees`);
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

/** @param {number} bytes */
const megabytes = (bytes) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
