import { join } from 'node:path';
import { startApp, waitUntilReady } from './app-process.mjs';
import { LogFile } from './log-file.mjs';
import { ENTRY } from './paths.mjs';
import { withMemorySettings } from './process-memory.mjs';
import { sayEvent, Supervisor } from './supervisor.mjs';

/** A first start may meet a machine that does something else; a later one may wait for a database that recovers. */
const READY_TIMEOUT_MS = 120_000;

/** The application's own time to finish what it has begun (SHUTDOWN_SECONDS), and a little to end. */
const DEFAULT_SHUTDOWN_SECONDS = 20;
const EXTRA_GRACE_SECONDS = 3;

/**
 * The product's own processes, supervised.
 * @param {import('./environment.mjs').Settings} settings @param {NodeJS.ProcessEnv} env theirs
 * @param {{ onProcess: (name: string, pid: number) => void }} options
 */
export function superviseApplications({ dataDir, host, port }, env, { onProcess }) {
  const graceMs = 1000 * (Number(env.SHUTDOWN_SECONDS ?? DEFAULT_SHUTDOWN_SECONDS) + EXTRA_GRACE_SECONDS);
  /** @type {Map<string, () => void>} */
  const kills = new Map();
  /** @param {'api' | 'worker'} name @param {NodeJS.ProcessEnv} appEnv */
  const launcher = (name, appEnv) => {
    const logFile = new LogFile(join(dataDir, 'logs', `${name}.log`));
    return () => {
      const app = startApp({ name, entry: ENTRY[name], env: appEnv, logFile, graceMs, onProcess });
      kills.set(name, app.kill);
      return app;
    };
  };

  const launchApi = launcher('api', withMemorySettings('api', env));
  const readyUrl = `http://${probeHost(host)}:${port}/api/health/ready`;
  const api = new Supervisor({
    name: 'api',
    async launch(signal) {
      const app = launchApi();
      await waitUntilReady(readyUrl, app, { name: 'api', timeoutMs: READY_TIMEOUT_MS, signal });
      return app;
    },
    onEvent: sayEvent,
  });

  const launchWorker = launcher('worker', withMemorySettings('worker', env));
  const worker = new Supervisor({ name: 'worker', launch: async () => launchWorker(), onEvent: sayEvent });

  return { api, worker, killAll: () => kills.forEach((kill) => kill()) };
}

/** Where to ask a server that listens on `host`. @param {string} host */
function probeHost(host) {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
