import { requireNode } from './lib/node-version.mjs';

requireNode();

const HELP = `Usage: npm run openapi

Writes openapi.json from the code, and the types of libs/client from openapi.json. Both are committed.`;

async function main() {
  if (process.argv.includes('--help')) {
    console.log(HELP);
    return;
  }
  const { runMain } = await import('./lib/say.mjs');
  const { writeContract } = await import('./lib/contract.mjs');
  await runMain(writeContract);
}

void main();
