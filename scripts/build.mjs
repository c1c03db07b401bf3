import { requireNode } from './lib/node-version.mjs';

requireNode();

/** `npm run build`: installs and builds, each only when something changed since. */
async function main() {
  const { runMain } = await import('./lib/say.mjs');
  const { ensureInstalled } = await import('./lib/install.mjs');
  const { ensureBuilt } = await import('./lib/build.mjs');
  await runMain(async () => {
    await ensureInstalled();
    await ensureBuilt();
    return 0;
  });
}

void main();
