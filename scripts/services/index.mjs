import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { acquireLock, tryLock } from '../lib/lock.mjs';
import { say } from '../lib/say.mjs';
import { startOwned } from './owned-services.mjs';
import { answersPostgres } from './postgres-client.mjs';
import { answersRedis } from './redis.mjs';
import { RunState } from './run-state.mjs';

/**
 * PostgreSQL and Redis for one data directory: given ones, or embedded ones that are run and supervised here.
 *
 * @typedef {import('./run-state.mjs').ServiceUrls} ServiceUrls
 * @typedef {import('../lib/lock.mjs').Holder} Holder
 * @typedef {{
 *   dataDir: string, databaseUrl?: string, redisUrl?: string, embeddedOnly?: boolean, durable?: boolean,
 *   onEvent?: (event: import('../lib/supervisor.mjs').SupervisorEvent) => void
 * }} ServiceOptions
 *   databaseUrl, redisUrl: servers that exist, used as they are. embeddedOnly: pass over a Redis on PATH.
 *   durable: false gives up fsync, for tests. onEvent: told of deaths and restarts
 * @typedef {ServiceUrls & {
 *   recordProcess(name: string, pid: number): void,
 *   stop(options?: { onUsers?: (pids: number[]) => void }): Promise<void>
 * }} Services
 *   recordProcess: names another process that a later start must not meet alive. onUsers: wait for other commands
 *   that use the services, and say so
 */

/**
 * Starts what is not given. A data directory's services have one owner at a time.
 * @param {ServiceOptions & { purpose: string, onWait?: (owner: Holder) => void }} options
 *   purpose: what whoever must wait is told. onWait: told of an owner that is waited for; it may throw instead
 * @returns {Promise<Services>}
 */
export async function startServices({ purpose, onWait, ...options }) {
  const state = openState(options.dataDir);
  return startOwned(state, await acquireLock(state.ownerLock, purpose, { onWait }), options);
}

/**
 * Runs `work` with the services of a data directory: those that run already, or own ones for as long as it takes.
 * @template T
 * @param {ServiceOptions & { purpose: string }} options @param {(urls: ServiceUrls) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withServices({ purpose, ...options }, work) {
  const { databaseUrl, redisUrl, dataDir } = options;
  if (databaseUrl && redisUrl) return work({ databaseUrl, redisUrl });
  const state = openState(dataDir);
  for (let waitedFor = 0; ; await delay(100)) {
    const running = await enterRunning(state, options);
    if (running) return work(running.urls).finally(running.leave);

    const attempt = tryLock(state.ownerLock, purpose);
    if ('lock' in attempt) {
      const services = await startOwned(state, attempt.lock, options);
      return work(services).finally(() => services.stop({ onUsers: sayUsers }));
    }
    if (waitedFor !== attempt.holder.pid)
      say(`Waiting for the services of ${describeHolder(attempt.holder)}`);
    waitedFor = attempt.holder.pid;
  }
}

/** @param {Holder} holder */
export const describeHolder = ({ purpose, pid }) => `"${purpose}" (pid ${pid})`;

/** @param {string} dataDir */
function openState(dataDir) {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  return new RunState(dataDir);
}

/** @param {number[]} pids */
const sayUsers = (pids) => say(`Waiting for other commands that use the database (pid ${pids.join(', ')})`);

/** @param {RunState} state @param {ServiceOptions} given */
async function enterRunning(state, { databaseUrl, redisUrl }) {
  const leave = state.enter();
  const found = leave && state.published();
  if (found) {
    const urls = { databaseUrl: databaseUrl ?? found.databaseUrl, redisUrl: redisUrl ?? found.redisUrl };
    if ((await answersPostgres(urls.databaseUrl)) && (await answersRedis(urls.redisUrl)))
      return { urls, leave };
  }
  leave?.();
  return null;
}
