import { cpus } from 'node:os';
import { cpuSeconds, machineSeconds, mainThreadSeconds, peakMiB, resetPeak, treeSeconds } from './proc.mjs';

/**
 * What a stretch of work took.
 * @typedef {{
 *   seconds: number, serverCpu: number, loop: number, clientCpu: number, machine: number, foreign: number,
 *   peakMiB: number
 * }} Usage
 *   serverCpu: CPU seconds of the server process. loop, clientCpu, machine: busy cores on average; loop is the server's
 *   first thread, machine is everything: services, kernel, and whoever else is there; foreign is whoever else alone
 */

/**
 * @template T
 * @param {{ server: number, client: number }} pids @param {() => Promise<T>} work
 * @returns {Promise<{ result: T, usage: Usage }>}
 */
export async function metered({ server, client }, work) {
  resetPeak(server);
  const before = reading(server, client);
  const { result, foreign } = await withForeignCores(work);
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
      foreign,
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

/**
 * How many cores were busy on average with what is none of ours: other programs, and a little of the kernel.
 * @template T @param {() => Promise<T>} work @returns {Promise<{ result: T, foreign: number }>}
 */
export async function withForeignCores(work) {
  const before = foreignReading();
  const result = await work();
  const after = foreignReading();
  return { result, foreign: Math.max(0, (after.foreign - before.foreign) / (after.clock - before.clock)) };
}

const foreignReading = () => ({
  clock: performance.now() / 1000,
  foreign: machineSeconds() - treeSeconds(process.pid),
});

/** What kept the work from being faster. @param {Usage} usage */
export function bottleneck({ loop, clientCpu, machine }) {
  if (loop >= 0.9) return `CPU: the server's main thread (${loop.toFixed(2)} cores)`;
  if (clientCpu >= 0.9) return `CPU: the client (${clientCpu.toFixed(2)} cores; server ${loop.toFixed(2)})`;
  const all = cpus().length;
  if (machine >= 0.93 * all) return `CPU: all ${all} cores (server's main thread ${loop.toFixed(2)})`;
  return `waiting: disk or the other side (server's main thread ${loop.toFixed(2)}, machine ${machine.toFixed(2)} cores)`;
}
