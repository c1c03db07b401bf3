import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { identify, terminate } from '../lib/process-identity.mjs';

/**
 * @typedef {{ code: number | null, signal: NodeJS.Signals | null }} Exit
 * @typedef {(pid: number, signal?: NodeJS.Signals) => void} OnProcess told of every process that is made, and of the
 *   signal that ends it where it would not notice the death of its launcher
 * A program that runs: `exited` tells how it ended; `stop` asks it to end and waits until it has.
 * @typedef {{ pid: number, exited: Promise<Exit>, stop(): Promise<void> }} Running
 */

const GUARD = fileURLToPath(new URL('guard.mjs', import.meta.url));

/** What a program said last is what explains why it did not start. */
const KEPT_OUTPUT = 8_192;

/** How long to wait for the last of it, once its program has ended. */
const DRAIN_MS = 500;

/**
 * Starts a program under a guard (see guard.mjs).
 * @param {import('./guard.mjs').GuardedProgram} program
 * @param {{ input?: string, onProcess?: OnProcess }} [options] input: its standard input
 * @returns {Promise<Running & { output(): string }>} when it runs; rejects when it could not be run
 */
export async function startGuarded(program, { input = '', onProcess } = {}) {
  const guard = fork(GUARD, [JSON.stringify(program)], {
    // A session of its own: Ctrl-C in the terminal is for the launcher, which knows the right order.
    detached: true,
    execArgv: [],
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
  });
  if (guard.pid) onProcess?.(guard.pid);
  let output = '';
  for (const stream of [guard.stdout, guard.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-KEPT_OUTPUT)));
  }
  guard.stdin?.on('error', () => {}); // a program that ended at once; its exit says why
  guard.stdin?.end(input);

  const guardExit = /** @type {Promise<Exit>} */ (
    // Not 'close': a program that outlives its killed guard holds the pipes open.
    new Promise((resolve) => guard.once('exit', (code, signal) => resolve({ code, signal })))
  );
  // Not the 'close' of the guard, which does not come after this side has disconnected.
  const closed = Promise.all(
    [guard.stdout, guard.stderr].map(async (stream) => stream && once(stream, 'close')),
  );
  const drained = () => Promise.race([closed, delay(DRAIN_MS)]);
  const pid = await Promise.race([
    /** @type {Promise<number>} */ (
      new Promise((resolve) => guard.once('message', (message) => resolve(/** @type {any} */ (message).pid)))
    ),
    guardExit.then(async (exit) => {
      await drained();
      throw new Error(`${program.command} did not start (${describeExit(exit)}): ${output.trim()}`);
    }),
  ]);
  onProcess?.(pid, program.stopSignal);
  const identity = identify(pid);

  let stopping = false;
  const exited = guardExit.then(async (exit) => {
    // A guard that was killed leaves its program behind; nobody else would end it.
    if (identity) await terminate(identity, { signal: program.stopSignal, graceMs: program.graceMs });
    await drained();
    return exit;
  });
  return {
    pid,
    exited,
    output: () => output,
    async stop() {
      if (!stopping && guard.connected) guard.disconnect();
      stopping = true;
      await exited;
    },
  };
}

/** @param {Exit} exit */
export function describeExit({ code, signal }) {
  return signal ? `killed by ${signal}` : `exit code ${code}`;
}
