import { accessSync, constants, statSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startGuarded } from './guarded.mjs';

const VALKEY_PROCESS = fileURLToPath(new URL('valkey-process.mjs', import.meta.url));
const START_TIMEOUT_MS = 30_000;

/**
 * Memory only, in both flavours: PostgreSQL is the truth, Redis holds what can be made again (caches, limits' windows,
 * hints to workers), and a store that was never on disk needs no repair after a crash.
 * @typedef {{ port: number, password: string, onProcess?: import('./guarded.mjs').OnProcess }} RedisOptions
 * @param {RedisOptions} options
 * @returns {Promise<import('./guarded.mjs').Running & { url: string, flavour: string }>} when it answers
 */
export async function startRedis({ port, password, onProcess }) {
  // For trying, on a machine that has a Redis, what happens on one that has none.
  const native = process.env.WAYBILL_EMBEDDED === '1' ? null : findOnPath(['redis-server', 'valkey-server']);
  const server = native
    ? await startGuarded(
        { command: native, args: ['-'], stopSignal: 'SIGTERM', graceMs: 5_000 },
        // Through standard input, so that no process list shows the password.
        { input: nativeSettings(port, password), onProcess },
      )
    : await startGuarded(
        {
          command: process.execPath,
          args: ['--disable-warning=ExperimentalWarning', VALKEY_PROCESS],
          stopSignal: 'SIGTERM',
          graceMs: 5_000,
        },
        { input: JSON.stringify({ port, password }), onProcess },
      );
  const url = `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}`;
  let ended = false;
  void server.exited.then(() => (ended = true));
  for (const deadline = Date.now() + START_TIMEOUT_MS; !(await answersRedis(url)); await delay(20)) {
    if (!ended && Date.now() < deadline) continue;
    await server.stop();
    throw new Error(`Redis ${ended ? 'ended while starting' : 'does not answer'}: ${server.output().trim()}`);
  }
  return {
    pid: server.pid,
    exited: server.exited,
    stop: server.stop,
    url,
    flavour: native ?? 'the bundled Valkey',
  };
}

/** @param {number} port @param {string} password */
function nativeSettings(port, password) {
  return [
    `port ${port}`,
    'bind 127.0.0.1',
    `requirepass ${password}`,
    'save ""',
    'appendonly no',
    'daemonize no',
    '',
  ].join('\n');
}

/** Whether a server answers there and accepts the password. @param {string} url @returns {Promise<boolean>} */
export function answersRedis(url) {
  const { hostname, port, username, password, protocol } = new URL(url);
  if (protocol !== 'redis:') return Promise.resolve(true); // TLS: the application is the one to judge
  const credentials = [username || 'default', password].map(decodeURIComponent);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port || 6379), timeout: 2_000 });
    let answer = '';
    /** @param {boolean} result */
    const finish = (result) => {
      socket.destroy();
      resolve(result);
    };
    socket.on('connect', () => {
      if (password) socket.write(command('AUTH', ...credentials));
      socket.write(command('PING'));
    });
    socket.on('data', (chunk) => {
      answer += chunk;
      if (answer.includes('+PONG\r\n')) finish(true);
      else if (/^-/m.test(answer)) finish(false);
    });
    for (const event of ['error', 'timeout', 'close']) socket.on(event, () => finish(false));
  });
}

/** One request in RESP. @param {string[]} words */
const command = (...words) =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

/** @param {string[]} names @returns {string | null} */
function findOnPath(names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
      if (isExecutable(join(folder, name))) return join(folder, name);
    }
  }
  return null;
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
