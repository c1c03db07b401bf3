import { requireNode } from './lib/node-version.mjs';

requireNode();

const HELP = `Usage: npm run demo

Starts Waybill in .data/demo, uploads real Office files, a video and an archive of 64 MiB with
the terminal client, kills that on the way and the worker while it seals, downloads everything
as a client, compares every byte, and looks for plaintext on disk. Exits 0 when all of it held.
The data directory is kept, to be looked at.`;

async function main() {
  if (process.argv.includes('--help')) {
    console.log(HELP);
    return;
  }
  const { runMain } = await import('./lib/say.mjs');
  const { runDemo } = await import('./lib/demo/demo.mjs');
  await runMain(runDemo);
}

void main();
