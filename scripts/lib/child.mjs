import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/**
 * Runs a command to its end.
 * @param {string} command @param {string[]} args
 * @param {import('node:child_process').SpawnOptions & { input?: string }} [options] input: its standard input.
 *   Output is inherited unless `stdio` says otherwise
 * @returns {Promise<{ code: number, output: string }>} code: 128 + n for signal n, as shells have it; output: what came
 *   through pipes, standard output and error in the order of their arrival
 */
export function run(command, args, { input, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'inherit', 'inherit'], ...options });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => (output += text));
    }
    child.once('error', (error) => {
      if (error.name !== 'AbortError') reject(error); // an aborted command has ended by its signal, as 'close' will say
    });
    child.once('close', (code, signal) =>
      resolve({ code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'], output }),
    );
    child.stdin?.on('error', () => {}); // it ended without reading all; its exit code says the rest
    child.stdin?.end(input);
  });
}

/**
 * Runs a command in this one's place: it has the terminal, gets the signals, and decides when to end.
 * @type {typeof run}
 */
export async function runForeground(command, args, options) {
  const stop = new AbortController();
  const ignore = () => {}; // Ctrl-C: the terminal sends it to the command as well
  const pass = () => stop.abort(); // SIGTERM comes to this process alone
  process.on('SIGINT', ignore).on('SIGTERM', pass);
  try {
    return await run(command, args, { ...options, signal: stop.signal });
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', pass);
  }
}
