import { setTimeout as delay } from 'node:timers/promises';
import { describeExit } from '../services/guarded.mjs';
import { say } from './say.mjs';

/**
 * @typedef {import('../services/guarded.mjs').Running} Running
 * @typedef {import('../services/guarded.mjs').Exit} Exit
 * @typedef {{ name: string, type: 'exited', exit: Exit, retryMs: number }
 *   | { name: string, type: 'restarted', pid: number }
 *   | { name: string, type: 'failed', error: unknown, retryMs: number }} SupervisorEvent
 */

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 15_000;
/** Who ran this long is forgiven earlier deaths. */
const HEALTHY_MS = 30_000;

/**
 * Keeps one process running: a dead one is started again, at once at first, then ever more slowly.
 * @template {Running} R
 */
export class Supervisor {
  #stopped = new AbortController();
  /** The latest launch, also while it is under way. @type {Promise<R> | null} */
  #current = null;
  /** @type {Promise<void>} */
  #watch = Promise.resolve();

  /**
   * @param {{
   *   name: string, launch: (signal: AbortSignal) => Promise<R>, onEvent: (event: SupervisorEvent) => void
   * }} options
   *   launch: starts the process and resolves when it is usable; when it rejects, nothing is left of it. signal: it is
   *   no longer wanted
   */
  constructor({ name, launch, onEvent }) {
    this.name = name;
    this.launch = launch;
    this.onEvent = onEvent;
  }

  /**
   * The first start: it rejects when it fails, because nothing was there yet that deserves patience.
   * @returns {Promise<R>}
   */
  async start() {
    this.#current = this.launch(this.#stopped.signal);
    const running = await this.#current;
    this.#watch = this.#keep(running);
    return running;
  }

  /** Ends the process, also one that is only starting, and waits until it has. */
  async stop() {
    this.#stopped.abort();
    const running = await this.#current?.catch(() => null);
    await running?.stop();
    await this.#watch;
  }

  /** @param {R} first */
  async #keep(first) {
    const { signal } = this.#stopped;
    let running = /** @type {R | null} */ (first);
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      const since = Date.now();
      const exit = await running?.exited;
      if (signal.aborted) return;
      if (exit) {
        if (Date.now() - since > HEALTHY_MS) retryMs = FIRST_RETRY_MS;
        this.onEvent({ name: this.name, type: 'exited', exit, retryMs });
      }
      await delay(retryMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      running = await this.#relaunch(retryMs);
    }
  }

  /** @param {number} retryMs @returns {Promise<R | null>} */
  async #relaunch(retryMs) {
    this.#current = this.launch(this.#stopped.signal);
    try {
      const running = await this.#current;
      this.onEvent({ name: this.name, type: 'restarted', pid: running.pid });
      return running;
    } catch (error) {
      if (!this.#stopped.signal.aborted) this.onEvent({ name: this.name, type: 'failed', error, retryMs });
      return null;
    }
  }
}

/** @param {SupervisorEvent} event */
export function sayEvent(event) {
  if (event.type === 'restarted') say(`${event.name} runs again (pid ${event.pid})`);
  else {
    const what =
      event.type === 'exited'
        ? `ended (${describeExit(event.exit)})`
        : `did not start: ${messageOf(event.error)}`;
    say(`${event.name} ${what}; starting it again in ${event.retryMs / 1000} s`);
  }
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));
