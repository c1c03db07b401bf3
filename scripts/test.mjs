import { requireNode } from './lib/node-version.mjs';

requireNode();

/** `npm test -- <jest's arguments>`: the last line says how many passed and failed. */
async function main() {
  const { runMain } = await import('./lib/say.mjs');
  const { runTests } = await import('./lib/test-run.mjs');
  await runMain(() => runTests(process.argv.slice(2)));
}

void main();
