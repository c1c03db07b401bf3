import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readTextIfExists } from '../lib/files.mjs';
import { identify, terminate, waitGone } from '../lib/process-identity.mjs';
import { say } from '../lib/say.mjs';

/**
 * Makes a data directory startable, whatever happened to its last server.
 *
 * A server that still runs is stopped. Backends that outlived a killed postmaster hold its shared memory, which a new
 * one refuses; they are waited for, then ended. A `postmaster.pid` whose number meanwhile belongs to another program
 * is removed, because PostgreSQL would take that program for its predecessor and refuse for as long as it is there.
 * @param {string} directory PGDATA
 */
export async function settleLeftovers(directory) {
  const lockFile = join(directory, 'postmaster.pid');
  const written = readTextIfExists(lockFile);
  const pid = written === null ? NaN : Number(written.split('\n', 1)[0]);
  const postmaster = pid > 0 && servesDirectory(pid, directory) ? identify(pid) : null;
  if (postmaster) {
    say(`Stopping a PostgreSQL that an earlier start left running (pid ${pid})`);
    await terminate(postmaster, { signal: 'SIGINT', graceMs: 30_000 });
  }
  for (const backend of processesIn(directory)) {
    if (await waitGone(backend, 5_000)) continue;
    await terminate(backend, { signal: 'SIGTERM', graceMs: 5_000 });
  }
  if (written !== null && numberIsTaken(pid)) rmSync(lockFile, { force: true });
}

/** As PostgreSQL asks: also by a zombie, which a container without an init keeps for good. @param {number} pid */
function numberIsTaken(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/** Whether a process is a PostgreSQL of this data directory. @param {number} pid @param {string} directory */
function servesDirectory(pid, directory) {
  if (process.platform === 'linux') return workingDirectory(pid) === realpathSync(directory);
  try {
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes('postgres') && command.includes(directory);
  } catch {
    return false;
  }
}

/** PostgreSQL's processes all work in their data directory. @param {string} directory */
function processesIn(directory) {
  if (process.platform !== 'linux') return [];
  const real = realpathSync(directory);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && workingDirectory(Number(name)) === real)
    .flatMap((name) => identify(Number(name)) ?? []);
}

/** @param {number} pid */
function workingDirectory(pid) {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null; // gone, or another user's
  }
}
