import { once } from 'node:events';
import { claim, describeHolder } from '../services/index.mjs';
import { ensureAccounts } from './accounts.mjs';
import { superviseApplications } from './applications.mjs';
import { ensureBuilt } from './build.mjs';
import { run } from './child.mjs';
import { applicationEnvironment, ensureGenerated, readSettings } from './environment.mjs';
import { ensureInstalled } from './install.mjs';
import { ENTRY } from './paths.mjs';
import { requireFreePort } from './ports.mjs';
import { ensureSampleDocument } from './sample-docx.mjs';
import { Refusal, say } from './say.mjs';
import { sayEvent } from './supervisor.mjs';
import { welcome } from './welcome.mjs';

const PURPOSE = 'npm start';

/**
 * Brings everything up, says so, keeps it up, and takes it down in order when asked to.
 * @param {{ port?: string, dataDir?: string }} flags
 * @param {{ stop: AbortSignal, force: AbortSignal }} control stop: end in order. force: end now
 * @returns {Promise<number>} the exit code
 */
export async function start(flags, { stop, force }) {
  /** What there is to take down, the last first. @type {(() => unknown)[]} */
  const undo = [];
  try {
    await bringUp(readSettings(flags), { stop, force, undo });
    if (!stop.aborted) await once(stop, 'abort');
  } catch (error) {
    if (!stop.aborted) throw error; // what a stop interrupts is no failure
  } finally {
    if (stop.aborted) say('Stopping');
    while (undo.length > 0) await undo.pop()?.();
  }
  say('Stopped');
  return 0;
}

/**
 * @param {import('./environment.mjs').Settings} settings
 * @param {{ stop: AbortSignal, force: AbortSignal, undo: (() => unknown)[] }} control
 */
async function bringUp(settings, { stop, force, undo }) {
  const { dataDir, production } = settings;
  const owner = await claim(dataDir, { purpose: PURPOSE, signal: stop, onWait: refuseSecondStart });
  undo.push(owner.release);
  await requireFreePort(settings.port, settings.host);
  await ensureInstalled({ signal: stop });
  await ensureBuilt({ signal: stop });
  stop.throwIfAborted();

  const generated = ensureGenerated(settings);
  const services = production ? null : await owner.start({ ...settings, onEvent: sayEvent });
  if (services) undo.push(() => services.stop());
  const env = applicationEnvironment(settings, generated, services ?? {});
  await migrate(env, stop);

  const { api, worker, killAll } = superviseApplications(settings, env, { onProcess: owner.recordProcess });
  force.addEventListener('abort', killAll);
  undo.push(
    () => worker.stop(),
    () => api.stop(),
  );
  const [accounts] = await Promise.all([
    production ? [] : ensureAccounts(dataDir, env),
    api.start(),
    worker.start(),
  ]);
  const url = env.PUBLIC_URL?.replace(/\/+$/, '') ?? `http://localhost:${settings.port}`;
  const sample = production ? '' : ensureSampleDocument(dataDir);
  process.stdout.write(welcome({ url, dataDir, sample, accounts }));
}

/** @param {import('../lib/lock.mjs').Holder} owner */
function refuseSecondStart(owner) {
  if (owner.purpose === PURPOSE)
    throw new Refusal(
      `Waybill runs already with this data directory (pid ${owner.pid}). ` +
        'Stop it first, or start with another --data-dir and another PORT.',
    );
  say(`Waiting for ${describeHolder(owner)}, which runs the database`);
}

/** @param {NodeJS.ProcessEnv} env @param {AbortSignal} signal */
async function migrate(env, signal) {
  const { code, output } = await run(process.execPath, [ENTRY.cli, 'migrate'], {
    env,
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (code !== 0)
    throw new Refusal(`${output.trimEnd()}\nThe database could not be migrated (exit code ${code}).`);
}
