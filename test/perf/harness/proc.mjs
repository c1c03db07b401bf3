import { readFileSync, writeFileSync } from 'node:fs';

/** What Linux knows about processes (proc(5)). CPU times come in ticks of 10 ms on every platform that Node.js supports. */
const TICKS_PER_SECOND = 100;

/** User and system time of a process and all its threads. @param {number} pid @returns {number} seconds */
export const cpuSeconds = (pid) => ticksOf(`/proc/${pid}/stat`);

/** The same of its first thread alone, which is the event loop of a Node.js program. @param {number} pid */
export const mainThreadSeconds = (pid) => ticksOf(`/proc/${pid}/task/${pid}/stat`);

/** @param {string} path */
function ticksOf(path) {
  const stat = readFileSync(path, 'utf8');
  // The second field is the program's name, which may contain blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** What all cores together have worked so far. @returns {number} seconds */
export function machineSeconds() {
  const [user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** Resident memory now. @param {number} pid @returns {number} MiB */
export const residentMiB = (pid) => statusMiB(pid, 'VmRSS');

/** The most that was resident since the process began, or since `resetPeak`. @param {number} pid @returns {number} MiB */
export const peakMiB = (pid) => statusMiB(pid, 'VmHWM');

/** @param {number} pid */
export const resetPeak = (pid) => writeFileSync(`/proc/${pid}/clear_refs`, '5');

/** @param {number} pid @param {string} name */
function statusMiB(pid, name) {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1]) / 1024;
}
