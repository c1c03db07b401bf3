import { linkSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readTextIfExists } from './files.mjs';
import { identifySelf, isAlive } from './process-identity.mjs';

/**
 * A lock between processes that survives kill -9 of any of them.
 *
 * The lock is a row of numbered files `<name>.<n>`; the highest number holds it, if its process lives and has not
 * released it. Taking over from a dead holder means creating the next number, which is one atomic link(2): there is
 * no moment in which a stale lock is removed, hence none in which a fresh one can be removed by mistake. Numbers only
 * grow; the holder sweeps the lower ones.
 *
 * @typedef {import('./process-identity.mjs').ProcessIdentity & { purpose: string, released: boolean }} Holder
 * @typedef {{ release(): void }} Lock
 */

const POLL_MS = 50;

/**
 * @param {string} path @param {string} purpose what a waiting process tells its operator
 * @returns {{ lock: Lock } | { holder: Holder }}
 */
export function tryLock(path, purpose) {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  for (;;) {
    const newest = highest(path);
    const holder = newest === 0 ? null : read(`${path}.${newest}`);
    if (newest > 0 && holder === null) continue; // swept between the listing and the reading: a higher one exists
    if (holder && !holder.released && isAlive(holder)) return { holder };
    const mine = { ...identifySelf(), purpose, released: false };
    const number = newest + 1;
    if (!create(`${path}.${number}`, mine)) continue;
    // A higher number means that ours was free only because it had been used, released and swept.
    if (highest(path) !== number) {
      rmSync(`${path}.${number}`, { force: true });
      continue;
    }
    sweepBelow(path, number);
    return { lock: { release: () => replace(`${path}.${number}`, { ...mine, released: true }) } };
  }
}

/**
 * @param {string} path @param {string} purpose
 * @param {{ onWait?: (holder: Holder) => void, signal?: AbortSignal }} [options] onWait: called once per holder that is
 *   waited for; it may throw instead
 * @returns {Promise<Lock>}
 */
export async function acquireLock(path, purpose, { onWait, signal } = {}) {
  let announced = 0;
  for (;;) {
    signal?.throwIfAborted();
    const attempt = tryLock(path, purpose);
    if ('lock' in attempt) return attempt.lock;
    if (announced !== attempt.holder.pid) onWait?.(attempt.holder);
    announced = attempt.holder.pid;
    await delay(POLL_MS);
  }
}

/**
 * @template T @param {string} path @param {string} purpose @param {() => Promise<T>} work
 * @param {Parameters<typeof acquireLock>[2]} [options]
 */
export async function withLock(path, purpose, work, options) {
  const lock = await acquireLock(path, purpose, options);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** @param {string} path */
function numbers(path) {
  const prefix = `${basename(path)}.`;
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)));
}

/** @param {string} path */
const highest = (path) => Math.max(0, ...numbers(path));

/** @param {string} path @param {number} number */
function sweepBelow(path, number) {
  for (const old of numbers(path)) if (old < number) rmSync(`${path}.${old}`, { force: true });
}

/** @param {string} file @returns {Holder | null} */
function read(file) {
  const text = readTextIfExists(file);
  return text === null ? null : JSON.parse(text);
}

/**
 * Creates the file with its content in one step.
 * @param {string} file @param {Holder} holder @returns {boolean} false: it exists
 */
function create(file, holder) {
  const temporary = temporaryFor(file, holder);
  try {
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** @param {string} file @param {Holder} holder */
function replace(file, holder) {
  renameSync(temporaryFor(file, holder), file);
}

/** @param {string} file @param {Holder} holder */
function temporaryFor(file, holder) {
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}`);
  writeFileSync(temporary, JSON.stringify(holder), { mode: 0o600 });
  return temporary;
}
