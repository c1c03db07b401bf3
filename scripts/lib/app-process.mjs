import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { describeExit } from '../services/guarded.mjs';
import { Refusal, say } from './say.mjs';

/** pino's number for warnings; what is above is worse. */
const WARN = 40;

/**
 * Starts one of our own Node.js programs. It gets an IPC channel: when that closes (`process.on('disconnect')`) the
 * launcher is gone, and the program ends as it does on SIGTERM.
 *
 * Its log goes to a file; warnings, errors, mails and what is no log record (a crash) are shown on the terminal, too.
 * @param {{
 *   name: string, entry: string, env: NodeJS.ProcessEnv, logFile: import('./log-file.mjs').LogFile, graceMs: number,
 *   onProcess: (name: string, pid: number) => void
 * }} app
 * @returns {import('../services/guarded.mjs').Running & { logFile: import('./log-file.mjs').LogFile, kill(): void }}
 */
export function startApp({ name, entry, env, logFile, graceMs, onProcess }) {
  const child = spawn(process.execPath, [entry], {
    env,
    detached: true, // Ctrl-C is for the launcher, which knows the right order
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const pid = Number(child.pid);
  if (child.pid) onProcess(name, pid);
  for (const input of [child.stdout, child.stderr]) {
    if (!input) continue;
    createInterface({ input }).on('line', (line) => {
      logFile.write(line);
      const shown = forTerminal(line);
      if (shown !== null) say(`${name}: ${shown}`);
    });
  }
  const exited = once(child, 'exit').then(
    ([code, signal]) => ({ code, signal }),
    () => ({ code: 127, signal: null }), // could not be spawned
  );
  return {
    pid,
    exited,
    logFile,
    kill: () => void child.kill('SIGKILL'),
    async stop() {
      child.kill('SIGTERM');
      const deadline = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(deadline);
    },
  };
}

/**
 * Waits until an address answers 200, as long as the program that should answer lives. Otherwise the program is ended.
 * @param {string} url @param {ReturnType<typeof startApp>} app
 * @param {{ name: string, timeoutMs: number, signal: AbortSignal }} options
 */
export async function waitUntilReady(url, app, { name, timeoutMs, signal }) {
  /** @type {import('../services/guarded.mjs').Exit | null} */
  let exit = null;
  void app.exited.then((how) => (exit = how));
  let answer = 'nothing';
  for (const deadline = Date.now() + timeoutMs; answer !== '200'; await delay(50)) {
    if (exit)
      throw new Refusal(
        `${name} ended while it was starting (${describeExit(exit)}); see ${app.logFile.path}`,
      );
    if (signal.aborted || Date.now() > deadline) {
      await app.stop();
      signal.throwIfAborted();
      throw new Refusal(`${name} is not ready after ${timeoutMs / 1000} s; ${url} answers ${answer}`);
    }
    answer = await ask(url);
  }
}

/** @param {string} url @returns {Promise<string>} */
async function ask(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    const body = await response.text();
    return response.ok ? '200' : `${response.status} ${body}`;
  } catch {
    return 'nothing';
  }
}

/** @param {string} line @returns {string | null} null: for the log alone */
function forTerminal(line) {
  if (!line.startsWith('{')) return line.trim() === '' ? null : line;
  try {
    const { level, context, msg, err } = JSON.parse(line);
    // Without a mail server this is where people find their confirmation links.
    if (context === 'FileMailer' && level < WARN) return msg;
    if (level < WARN) return null;
    const text = [msg, err?.message].filter((part, at, all) => part && all.indexOf(part) === at).join(': ');
    return `${level > WARN ? 'error' : 'warning'}: ${context ? `${context}: ` : ''}${text}`;
  } catch {
    return line;
  }
}
