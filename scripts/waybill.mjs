import { requireNode } from './lib/node-version.mjs';

requireNode();

/** `npm run waybill -- <command> ...`: the terminal client, with its exit code. It needs nothing but a service. */
async function main() {
  const { runMain } = await import('./lib/say.mjs');
  const { ensureInstalled } = await import('./lib/install.mjs');
  const { ensureBuilt } = await import('./lib/build.mjs');
  const { runForeground } = await import('./lib/child.mjs');
  const { TERMINAL_CLIENT } = await import('./lib/paths.mjs');
  await runMain(async () => {
    await ensureInstalled();
    await ensureBuilt();
    // npm runs scripts in the checkout; the files are where whoever types is.
    const cwd = process.env.INIT_CWD ?? process.cwd();
    const { code } = await runForeground(process.execPath, [TERMINAL_CLIENT, ...process.argv.slice(2)], {
      cwd,
      stdio: 'inherit',
    });
    return code;
  });
}

void main();
