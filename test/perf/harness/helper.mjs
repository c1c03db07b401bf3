import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

const STOP_MS = 2_000;

/**
 * A program of the bench in a process of its own: it answers requests one at a time, and ends with this process.
 * @typedef {{
 *   pid: number, started: any, ask<T = any>(request: object, timeoutMs?: number): Promise<T>, stop(): Promise<void>
 * }} Helper
 *   started: what it said when it was ready
 */

/**
 * @param {URL} script @param {object} options for the program @param {{ env?: NodeJS.ProcessEnv, execArgv?: string[] }} [how]
 * @returns {Promise<Helper>} when it is ready
 */
export async function startHelper(script, options, { env, execArgv = [] } = {}) {
  const child = fork(script, [JSON.stringify(options)], {
    execArgv,
    env: { ...process.env, ...env },
    // Ctrl-C in the terminal is for the bench, which takes everything down in order.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  /** @type {Promise<any>} */
  const next = (async () => {
    const [message] = await Promise.race([
      once(child, 'message'),
      exited.then(([code, signal]) => {
        throw new Error(`${script.pathname} ended (${signal ?? code})`);
      }),
    ]);
    return message;
  })();
  const { value: started } = await next;
  return {
    pid: Number(child.pid),
    started,
    async ask(request, timeoutMs = 120_000) {
      const deadline = new AbortController();
      const answered = once(child, 'message').then(([message]) => message);
      child.send(request);
      const { value, error } = await Promise.race([
        answered,
        exited.then(() => ({ error: `${script.pathname} ended` })),
        delay(
          timeoutMs,
          { error: `${script.pathname} gave no answer in ${timeoutMs} ms` },
          { signal: deadline.signal },
        ),
      ]);
      deadline.abort();
      if (error) throw new Error(error);
      return value;
    },
    async stop() {
      if (child.connected) child.disconnect();
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(kill);
    },
  };
}

/**
 * The other end: says that it is ready, answers until the parent disconnects or dies.
 * @param {(options: any) => Promise<{ started?: any, answer?: (request: any) => Promise<any> }>} main
 */
export async function runHelper(main) {
  process.once('disconnect', () => process.exit());
  const { started = null, answer } = await main(JSON.parse(process.argv[2]));
  process.on('message', async (request) => {
    try {
      process.send?.({ value: await answer?.(request) });
    } catch (error) {
      process.send?.({ error: String(/** @type {Error} */ (error)?.stack ?? error) });
    }
  });
  process.send?.({ value: started });
}
