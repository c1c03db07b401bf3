import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * A process, told apart from every other that has had or will have its pid: pids are reused, within hours on a busy
 * machine and at once in a container, pairs of pid and start time are not.
 * @typedef {{ pid: number, started: string }} ProcessIdentity
 */

const POLL_MS = 20;

/** @param {number} pid @returns {ProcessIdentity | null} null: there is no such process, or only its zombie */
export function identify(pid) {
  const started = process.platform === 'linux' ? startOnLinux(pid) : startFromPs(pid);
  return started === null ? null : { pid, started };
}

/** @returns {ProcessIdentity} */
export function identifySelf() {
  const self = identify(process.pid);
  if (self === null) throw new Error('The process table does not show this process; is /proc mounted?');
  return self;
}

/** @param {ProcessIdentity} identity */
export function isAlive(identity) {
  return identify(identity.pid)?.started === identity.started;
}

/** @param {ProcessIdentity} identity @param {number} timeoutMs @returns {Promise<boolean>} whether it went in time */
export async function waitGone(identity, timeoutMs) {
  for (const deadline = Date.now() + timeoutMs; isAlive(identity); await delay(POLL_MS)) {
    if (Date.now() > deadline) return false;
  }
  return true;
}

/**
 * Asks a process to end, waits, and ends it.
 * @param {ProcessIdentity} identity @param {{ signal: NodeJS.Signals, graceMs: number }} how
 */
export async function terminate(identity, { signal, graceMs }) {
  send(identity, signal);
  if (await waitGone(identity, graceMs)) return;
  send(identity, 'SIGKILL');
  if (!(await waitGone(identity, 10_000))) throw new Error(`Process ${identity.pid} cannot be ended`);
}

/** @param {ProcessIdentity} identity @param {NodeJS.Signals} signal */
function send(identity, signal) {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/** Fields 3 (state) and 22 (start, in ticks since boot) of proc_pid_stat(5). @param {number} pid */
function startOnLinux(pid) {
  let stat;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // Field 2 is the name in parentheses and may hold anything, spaces and parentheses included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? null : `${bootId()}:${fields[19]}`;
}

function bootId() {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** @param {number} pid */
function startFromPs(pid) {
  try {
    const [state, ...started] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
    })
      .trim()
      .split(/\s+/);
    return !state || state.startsWith('Z') ? null : started.join(' ');
  } catch {
    return null;
  }
}
