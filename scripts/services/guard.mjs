/**
 * Runs one program that knows nothing of its launcher, and ends it when the launcher is gone.
 *
 * PostgreSQL and Redis outlive a launcher that was killed with kill -9, since nothing tells them. This process holds
 * an IPC channel to the launcher; the kernel closes it when the launcher dies, however it dies. It then asks the
 * program to end, as it does when the launcher asks by disconnecting.
 *
 * Usage: fork(guard.mjs, [JSON.stringify(GuardedProgram)], { detached: true }). Standard input and output are the
 * program's. Says `{ pid }` once it runs.
 *
 * @typedef {{
 *   command: string, args: string[], uid?: number, gid?: number, stopSignal: NodeJS.Signals, graceMs: number
 * }} GuardedProgram
 */
import { spawn } from 'node:child_process';

/** @type {GuardedProgram} */
const program = JSON.parse(process.argv[2]);

const child = spawn(program.command, program.args, { stdio: 'inherit', uid: program.uid, gid: program.gid });

let stopping = false;
function stop() {
  if (stopping) return;
  stopping = true;
  child.kill(program.stopSignal);
  setTimeout(() => child.kill('SIGKILL'), program.graceMs).unref();
}

// A launcher that is gone already is no error here: without the callback it would be one, and end the guard first.
child.once('spawn', () => process.send?.({ pid: child.pid }, () => {}));
child.once('error', (error) => {
  console.error(`${program.command}: ${error.message}`);
  process.exit(127);
});
child.once('exit', (code, signal) => {
  // The same end as the program's, so that whoever watches this process reads it as that one's.
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});

// Whatever ends the guard, except kill -9, does not leave the program behind.
process.on('exit', () => child.kill(program.stopSignal));

process.on('disconnect', stop);
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('SIGHUP', stop);
if (!process.connected) stop();
