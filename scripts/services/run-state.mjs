import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readTextIfExists, writeFileAtomic } from '../lib/files.mjs';
import { identify, identifySelf, isAlive, terminate, waitGone } from '../lib/process-identity.mjs';
import { say } from '../lib/say.mjs';

/**
 * What is known about running processes of one data directory, in files under `DATA_DIR/run`, so that a second
 * command finds the services and a later start finds what a killed one left behind:
 *
 * - `owner.<n>`       the lock of whoever runs the services (lib/lock.mjs)
 * - `services.json`   where they are and whose, for as long as they may be used
 * - `processes.json`  every process that the owner made
 * - `users/<pid>`     who uses them without owning them
 *
 * @typedef {import('../lib/process-identity.mjs').ProcessIdentity} ProcessIdentity
 * @typedef {{ databaseUrl: string, redisUrl: string }} ServiceUrls
 */
export class RunState {
  /** @param {string} dataDir */
  constructor(dataDir) {
    const folder = join(dataDir, 'run');
    this.ownerLock = join(folder, 'owner');
    this.servicesFile = join(folder, 'services.json');
    this.processesFile = join(folder, 'processes.json');
    this.usersFolder = join(folder, 'users');
    mkdirSync(this.usersFolder, { recursive: true, mode: 0o700 });
  }

  /** @param {ServiceUrls} urls */
  publish(urls) {
    writeFileAtomic(this.servicesFile, JSON.stringify({ owner: identifySelf(), urls }));
  }

  unpublish() {
    rmSync(this.servicesFile, { force: true });
  }

  /** @returns {ServiceUrls | null} null also when their owner is dead: they follow it within seconds */
  published() {
    const text = readTextIfExists(this.servicesFile);
    const { owner, urls } = text === null ? { owner: null, urls: null } : JSON.parse(text);
    return owner && isAlive(owner) ? urls : null;
  }

  /**
   * Remembers a process that must not outlive its owner for long.
   * @param {string} name @param {number} pid @param {NodeJS.Signals} [signal] what ends a process that does not notice
   *   its owner's death
   */
  recordProcess(name, pid, signal) {
    const identity = identify(pid);
    if (!identity) return;
    const alive = this.#processes().filter(isAlive);
    writeFileAtomic(this.processesFile, JSON.stringify([...alive, { ...identity, name, signal }]));
  }

  /**
   * Sees off what a killed owner left: most of it ends by itself, as its channel to the owner is closed; programs
   * whose guard was killed too are told.
   * @param {number} graceMs
   */
  async reap(graceMs = 25_000) {
    const left = this.#processes().filter(isAlive);
    if (left.length > 0) {
      const names = left.map(({ name, pid }) => `${name} ${pid}`).join(', ');
      say(`Waiting for processes of an earlier run to end (${names})`);
    }
    const deadline = Date.now() + graceMs;
    await Promise.all(
      left.map(async (process) => {
        if (!process.signal && (await waitGone(process, graceMs))) return;
        await terminate(process, {
          signal: process.signal ?? 'SIGTERM',
          graceMs: Math.max(2_000, deadline - Date.now()),
        });
      }),
    );
    rmSync(this.processesFile, { force: true });
  }

  /**
   * Announces this process as a user of published services.
   * @returns {(() => void) | null} what takes the announcement back; null: the services are on their way out
   */
  enter() {
    const file = join(this.usersFolder, String(process.pid));
    writeFileSync(file, JSON.stringify(identifySelf()), { mode: 0o600 });
    const leave = () => rmSync(file, { force: true });
    // First announce, then look: an owner first unpublishes, then counts. Whatever the order, one sees the other.
    if (this.published()) return leave;
    leave();
    return null;
  }

  /** Waits until nobody uses the (unpublished) services. @param {(pids: number[]) => void} onWait */
  async waitForUsers(onWait) {
    for (let announced = false; ; announced = true) {
      const users = this.#users().filter(isAlive);
      if (users.length === 0) break;
      if (!announced) onWait(users.map(({ pid }) => pid));
      await delay(50);
    }
  }

  /** @returns {(ProcessIdentity & { name: string, signal?: NodeJS.Signals })[]} */
  #processes() {
    const text = readTextIfExists(this.processesFile);
    return text === null ? [] : JSON.parse(text);
  }

  /** @returns {ProcessIdentity[]} */
  #users() {
    return readdirSync(this.usersFolder).flatMap((name) => {
      const text = readTextIfExists(join(this.usersFolder, name));
      return text ? [JSON.parse(text)] : [];
    });
  }
}
