import { readFileSync } from 'node:fs';

/**
 * What a call has cost, in ms: `cpu`, for which the database's process was running, and `wall`, until the answer was there.
 * @typedef {{ cpu: number, wall: number }} Cost
 */

/** Starts measuring; what it returns tells what it came to. @param {number} pid of the database's process @returns {() => Cost} */
export function stopwatch(pid) {
  const [cpu, wall] = [cpuMs(pid), performance.now()];
  return () => ({ cpu: cpuMs(pid) - cpu, wall: performance.now() - wall });
}

/** How long a process has been running, to the nanosecond. @param {number} pid */
function cpuMs(pid) {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}
