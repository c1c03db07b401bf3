import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, machineSeconds, mainThreadSeconds, peakMiB, resetPeak } from './proc.mjs';

const BACKGROUND_MS = 1_000;

/**
 * What a stretch of work took.
 * @typedef {{
 *   seconds: number, serverCpu: number, loop: number, clientCpu: number, machine: number, peakMiB: number
 * }} Usage
 *   serverCpu: CPU seconds of the server process. loop, clientCpu, machine: busy cores on average; loop is the server's
 *   first thread, machine is everything: services, kernel, and whoever else is there
 */

/**
 * @template T
 * @param {{ server: number, client: number }} pids @param {() => Promise<T>} work
 * @returns {Promise<{ result: T, usage: Usage }>}
 */
export async function metered({ server, client }, work) {
  resetPeak(server);
  const before = reading(server, client);
  const result = await work();
  const after = reading(server, client);
  const seconds = after.clock - before.clock;
  const cores = (/** @type {keyof typeof after} */ name) => (after[name] - before[name]) / seconds;
  return {
    result,
    usage: {
      seconds,
      serverCpu: after.server - before.server,
      loop: cores('loop'),
      clientCpu: cores('client'),
      machine: cores('machine'),
      peakMiB: peakMiB(server),
    },
  };
}

/** @param {number} server @param {number} client */
const reading = (server, client) => ({
  clock: performance.now() / 1000,
  server: cpuSeconds(server),
  loop: mainThreadSeconds(server),
  client: cpuSeconds(client),
  machine: machineSeconds(),
});

/** How many cores are busy while the bench does nothing. */
export async function backgroundCores() {
  const before = machineSeconds();
  await delay(BACKGROUND_MS);
  return ((machineSeconds() - before) * 1000) / BACKGROUND_MS;
}

/** What kept the work from being faster. @param {Usage} usage */
export function bottleneck({ loop, clientCpu, machine }) {
  if (loop >= 0.9) return `CPU: the server's main thread (${loop.toFixed(2)} cores)`;
  if (clientCpu >= 0.9) return `CPU: the client (${clientCpu.toFixed(2)} cores; server ${loop.toFixed(2)})`;
  const all = cpus().length;
  if (machine >= 0.93 * all) return `CPU: all ${all} cores (server's main thread ${loop.toFixed(2)})`;
  return `waiting: disk or the other side (server's main thread ${loop.toFixed(2)}, machine ${machine.toFixed(2)} cores)`;
}
