import { requireNode } from './lib/node-version.mjs';

requireNode();

/** `node scripts/cli.mjs <command> ...`: an operator's command, with its exit code. Its stdout is the command's own. */
async function main() {
  const { runMain } = await import('./lib/say.mjs');
  const { runCommand } = await import('./lib/command.mjs');
  await runMain(() => runCommand(process.argv.slice(2)));
}

void main();
