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
 *   dataDir: string, databaseUrl?: string, redisUrl?: string, durable?: boolean,
 *   onEvent?: (event: import('../lib/supervisor.mjs').SupervisorEvent) => void
 * }} ServiceOptions
 *   databaseUrl, redisUrl: servers that exist, used as they are. durable: false gives up fsync, for tests.
 *   onEvent: told of deaths and restarts
 * @typedef {ServiceUrls & { stop(options?: { onUsers?: (pids: number[]) => void }): Promise<void> }} Services
 *   onUsers: wait for other commands that use the services, and say so
 * @typedef {{
 *   start(options: Omit<ServiceOptions, 'dataDir'>): Promise<Services>,
 *   recordProcess(name: string, pid: number): void, release(): void
 * }} Claim
 *   recordProcess: names another process that the next owner must not meet alive
 */

/**
 * Makes this process the one owner of a data directory's processes, and sees off what a killed owner left.
 * @param {string} dataDir
 * @param {{ purpose: string, onWait?: (owner: Holder) => void, signal?: AbortSignal }} options
 *   purpose: what whoever must wait is told. onWait: told of an owner that is waited for; it may throw instead
 * @returns {Promise<Claim>}
 */
export async function claim(dataDir, { purpose, onWait, signal }) {
  const state = openState(dataDir);
  return claimed(state, dataDir, await acquireLock(state.ownerLock, purpose, { onWait, signal }));
}

/**
 * Claims the data directory and starts what is not given; `stop` gives both back.
 * @param {ServiceOptions & { purpose: string }} options @returns {Promise<Services>}
 */
export async function startServices({ dataDir, purpose, ...options }) {
  return startAndRelease(await claim(dataDir, { purpose }), options);
}

/**
 * Runs `work` with the services of a data directory: those that run already, or own ones for as long as it takes.
 * @template T
 * @param {ServiceOptions & { purpose: string }} options @param {(urls: ServiceUrls) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withServices({ purpose, dataDir, ...options }, work) {
  const { databaseUrl, redisUrl } = options;
  if (databaseUrl && redisUrl) return work({ databaseUrl, redisUrl });
  const state = openState(dataDir);
  for (let waitedFor = 0; ; await delay(100)) {
    const running = await enterRunning(state, options);
    if (running) return work(running.urls).finally(running.leave);

    const attempt = tryLock(state.ownerLock, purpose);
    if ('lock' in attempt) {
      const services = await startAndRelease(await claimed(state, dataDir, attempt.lock), options);
      return work(services).finally(() => services.stop({ onUsers: sayUsers }));
    }
    if (waitedFor !== attempt.holder.pid)
      say(`Waiting for the services of ${describeHolder(attempt.holder)}`);
    waitedFor = attempt.holder.pid;
  }
}

/**
 * @param {RunState} state @param {string} dataDir @param {import('../lib/lock.mjs').Lock} lock
 * @returns {Promise<Claim>}
 */
async function claimed(state, dataDir, lock) {
  try {
    await state.reap();
  } catch (error) {
    lock.release();
    throw error;
  }
  return {
    start: (options) => startOwned(state, { ...options, dataDir }),
    recordProcess: (name, pid) => state.recordProcess(name, pid),
    release: () => lock.release(),
  };
}

/** @param {Claim} owner @param {Omit<ServiceOptions, 'dataDir'>} options @returns {Promise<Services>} */
async function startAndRelease(owner, options) {
  try {
    const services = await owner.start(options);
    return { ...services, stop: (how) => services.stop(how).finally(owner.release) };
  } catch (error) {
    owner.release();
    throw error;
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

/** @param {RunState} state @param {Pick<ServiceOptions, 'databaseUrl' | 'redisUrl'>} given */
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
