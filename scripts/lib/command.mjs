import { withServices } from '../services/index.mjs';
import { ensureBuilt } from './build.mjs';
import { runForeground } from './child.mjs';
import { applicationEnvironment, ensureGenerated, readSettings } from './environment.mjs';
import { ensureInstalled } from './install.mjs';
import { ENTRY } from './paths.mjs';
import { sayEvent } from './supervisor.mjs';

/**
 * Runs an operator's command with the database that runs, or one that is started for it.
 * @param {string[]} args the command's name and arguments
 * @returns {Promise<number>} its exit code
 */
export async function runCommand(args) {
  const settings = readSettings();
  await ensureInstalled();
  await ensureBuilt();
  const generated = ensureGenerated(settings);
  /** @param {{ databaseUrl?: string, redisUrl?: string }} urls */
  const execute = async (urls) => {
    const env = applicationEnvironment(settings, generated, urls);
    const { code } = await runForeground(process.execPath, [ENTRY.cli, ...args], { env, stdio: 'inherit' });
    return code;
  };
  if (settings.production) return execute({});
  return withServices({ ...settings, purpose: args[0] ?? 'a command', onEvent: sayEvent }, execute);
}
