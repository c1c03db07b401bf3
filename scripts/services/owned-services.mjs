import { freePort, isPortFree } from '../lib/ports.mjs';
import { say } from '../lib/say.mjs';
import { ensureSecrets } from '../lib/secrets.mjs';
import { Supervisor } from '../lib/supervisor.mjs';
import { startPostgres } from './postgres.mjs';
import { startRedis } from './redis.mjs';

/**
 * @typedef {import('./index.mjs').ServiceOptions} ServiceOptions
 * @typedef {import('./index.mjs').Services} Services
 * @typedef {import('../lib/supervisor.mjs').Running} Running
 */

/** A port is chosen before its server listens; somebody may take it in between. */
const PORT_ATTEMPTS = 3;

/**
 * Brings up what is not given, for the owner of a data directory.
 * @param {import('./run-state.mjs').RunState} state @param {ServiceOptions} options
 * @returns {Promise<Services>}
 */
export async function startOwned(state, options) {
  /** @type {Supervisor<Running>[]} */
  const supervisors = [];
  try {
    const postgres = options.databaseUrl ? null : supervisePostgres(state, options);
    const redis = options.redisUrl ? null : superviseRedis(state, options);
    supervisors.push(...[redis, postgres].filter((s) => s !== null));
    const [database, cache] = await settleAll([
      postgres?.start() ?? { url: String(options.databaseUrl) },
      redis?.start() ?? { url: String(options.redisUrl), flavour: null },
    ]);
    if (cache.flavour)
      say(
        `Redis: ${cache.flavour}, in memory only; PostgreSQL holds everything that matters, so a restart loses nothing`,
      );
    const urls = { databaseUrl: database.url, redisUrl: cache.url };
    state.publish(urls);
    return {
      ...urls,
      async stop({ onUsers } = {}) {
        state.unpublish();
        if (onUsers) await state.waitForUsers(onUsers);
        for (const supervisor of supervisors) await supervisor.stop();
      },
    };
  } catch (error) {
    for (const supervisor of supervisors) await supervisor.stop();
    throw error;
  }
}

/** @param {import('./run-state.mjs').RunState} state @param {ServiceOptions} options */
function supervisePostgres(state, { dataDir, durable, onEvent = () => {} }) {
  const password = ensureSecrets(dataDir).DATABASE_PASSWORD;
  const onProcess = recorder(state, 'postgres');
  const launch = onOnePort((port) => startPostgres({ dataDir, port, password, durable, onProcess }));
  return new Supervisor({ name: 'postgres', launch, onEvent });
}

/** @param {import('./run-state.mjs').RunState} state @param {ServiceOptions} options */
function superviseRedis(state, { dataDir, onEvent = () => {} }) {
  const password = ensureSecrets(dataDir).REDIS_PASSWORD;
  const onProcess = recorder(state, 'redis');
  const launch = onOnePort((port) => startRedis({ port, password, onProcess }));
  return new Supervisor({ name: 'redis', launch, onEvent });
}

/**
 * @param {import('./run-state.mjs').RunState} state @param {string} name
 * @returns {import('./guarded.mjs').OnProcess}
 */
const recorder = (state, name) => (pid, signal) => state.recordProcess(name, pid, signal);

/**
 * A launch function that finds a free port once and keeps it, so that a restarted server is found where it was.
 * @template {Running} R @param {(port: number) => Promise<R>} start @returns {() => Promise<R>}
 */
function onOnePort(start) {
  let port = 0;
  return async () => {
    if (port) return start(port);
    for (let attempt = 1; ; attempt++) {
      const candidate = await freePort();
      try {
        const running = await start(candidate);
        port = candidate;
        return running;
      } catch (error) {
        if (attempt === PORT_ATTEMPTS || (await isPortFree(candidate))) throw error;
      }
    }
  };
}

/**
 * Promise.all that waits for all also when one fails: a failed start must not race with the clean-up of the others.
 * @template {readonly unknown[]} T @param {T} promises
 */
async function settleAll(promises) {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
