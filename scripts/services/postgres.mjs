import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readTextIfExists, syncDirectory } from '../lib/files.mjs';
import { Refusal, say } from '../lib/say.mjs';
import { describeExit, startGuarded } from './guarded.mjs';
import { choosePostgresAccount, giveTo } from './postgres-account.mjs';
import { findPostgres, POSTGRES_MAJOR } from './postgres-binaries.mjs';
import { answersPostgres, ensureDatabase } from './postgres-client.mjs';
import { settleLeftovers } from './postgres-leftovers.mjs';

/** Role and database of the embedded server. */
const NAME = 'waybill';

/** Below PGDATA, where any account that runs the server may write. */
const LOG_FOLDER = 'log';

/** Recovery after a crash replays at most `max_wal_size`; past this something is wrong. */
const START_TIMEOUT_MS = 120_000;

/**
 * @typedef {{
 *   dataDir: string, port: number, password: string,
 *   durable?: boolean, onProcess?: import('./guarded.mjs').OnProcess
 * }} PostgresOptions
 *   dataDir: the product's; PGDATA is `postgres` below it. durable: false gives up fsync, for tests' throw-away data
 * @param {PostgresOptions} options
 * @returns {Promise<import('./guarded.mjs').Running & { url: string }>} when it answers and has its database
 */
export async function startPostgres({ dataDir, port, password, durable = true, onProcess }) {
  const binaries = findPostgres();
  const account = choosePostgresAccount({ binary: binaries.postgres, dataDir });
  const directory = join(dataDir, 'postgres');
  if (existsSync(directory)) {
    giveTo(directory, account);
    requireSameMajor(directory);
    await settleLeftovers(directory);
  } else {
    await createCluster({
      dataDir,
      directory,
      password,
      durable,
      initdb: binaries.initdb,
      account,
      onProcess,
    });
  }

  const { command, args, uid, gid } = account.wrap(binaries.postgres, [
    '-D',
    directory,
    '-p',
    String(port),
    ...Object.entries(settings(durable)).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  const server = await startGuarded(
    // SIGINT is PostgreSQL's fast shutdown: sessions are ended, everything is checkpointed.
    { command, args, uid, gid, stopSignal: 'SIGINT', graceMs: 30_000 },
    { onProcess },
  );
  const url = `postgres://${NAME}:${encodeURIComponent(password)}@127.0.0.1:${port}/${NAME}`;
  try {
    await waitUntilReady(server, maintenanceUrl(url));
    await ensureDatabase(maintenanceUrl(url), NAME);
  } catch (cause) {
    await server.stop();
    const { message } = /** @type {Error} */ (cause);
    throw new Error(`${message}\n${server.output()}${lastLogLines(directory)}`.trim(), { cause });
  }
  return { pid: server.pid, exited: server.exited, stop: server.stop, url };
}

/** @param {string} url */
const maintenanceUrl = (url) => url.replace(/\/[^/]*$/, '/postgres');

/** @param {boolean} durable */
function settings(durable) {
  return {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '', // a path with a length limit and file modes of its own; TCP has neither
    max_connections: 200,
    shared_buffers: '128MB',
    max_wal_size: '1GB',
    commit_delay: 100, // microseconds: with five others committing, wait for them and share one fsync
    jit: 'off',
    timezone: 'UTC',
    fsync: durable ? 'on' : 'off',
    synchronous_commit: durable ? 'on' : 'off',
    full_page_writes: durable ? 'on' : 'off',
    logging_collector: 'on',
    log_directory: LOG_FOLDER,
    log_filename: 'postgres-%a.log', // a week of logs, each truncated before its reuse
    log_truncate_on_rotation: 'on',
    log_error_verbosity: 'terse', // DETAIL lines quote rows
  };
}

/**
 * Made under another name and renamed when complete, so that a killed initdb leaves nothing that looks like a cluster.
 * The name is each attempt's own: the initdb of a killed launcher may go on for a moment, and empties its folder when
 * it is told to end. It runs under a guard, which tells it.
 * @param {{
 *   dataDir: string, directory: string, password: string, durable: boolean, initdb: string,
 *   account: import('./postgres-account.mjs').Account, onProcess?: import('./guarded.mjs').OnProcess
 * }} cluster
 */
async function createCluster({ dataDir, directory, password, durable, initdb, account, onProcess }) {
  say('Creating the database (once)');
  const prefix = `${basename(directory)}.new-`;
  for (const name of readdirSync(dataDir)) {
    // Again where it is not empty: whoever wrote to it is being ended.
    if (name.startsWith(prefix))
      rmSync(join(dataDir, name), { recursive: true, force: true, maxRetries: 10 });
  }
  const draft = mkdtempSync(join(dataDir, prefix));
  const passwordFile = `${draft}-password`;
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  for (const path of [draft, passwordFile]) chownSync(path, account.owner, account.group);

  const { command, args, uid, gid } = account.wrap(initdb, [
    `--pgdata=${draft}`,
    `--username=${NAME}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's own C.UTF-8: the same on every machine, whatever locales are installed there.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ]);
  try {
    const program = await startGuarded(
      { command, args, uid, gid, stopSignal: 'SIGTERM', graceMs: 5_000 },
      { onProcess },
    );
    const exit = await program.exited;
    if (exit.code !== 0)
      throw new Refusal(`PostgreSQL's initdb failed (${describeExit(exit)}):\n${program.output()}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(draft, directory);
  syncDirectory(dataDir);
}

/** @param {string} directory */
function requireSameMajor(directory) {
  const major = readTextIfExists(join(directory, 'PG_VERSION'))?.trim();
  if (major === POSTGRES_MAJOR) return;
  throw new Refusal(
    major
      ? `${directory} was made by PostgreSQL ${major}, and this is ${POSTGRES_MAJOR}. ` +
          'Dump it with the release that made it, and restore it here.'
      : `${directory} is no PostgreSQL data directory (it has no PG_VERSION). Move it away, or choose another DATA_DIR.`,
  );
}

/** @param {import('./guarded.mjs').Running} server @param {string} url */
async function waitUntilReady(server, url) {
  let ended = false;
  void server.exited.then(() => (ended = true));
  for (const deadline = Date.now() + START_TIMEOUT_MS; !(await answersPostgres(url)); await delay(20)) {
    if (ended) throw new Error('PostgreSQL ended while it was starting');
    if (Date.now() > deadline)
      throw new Error(`PostgreSQL does not answer after ${START_TIMEOUT_MS / 1000} s`);
  }
}

/** Why it did not start: the collector has it, not standard error. @param {string} directory */
function lastLogLines(directory) {
  const folder = join(directory, LOG_FOLDER);
  if (!existsSync(folder)) return '';
  const newest = readdirSync(folder)
    .map((name) => join(folder, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
  return newest ? readFileSync(newest, 'utf8').split('\n').slice(-20).join('\n') : '';
}
