import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureAccounts } from '../../../scripts/lib/accounts.mjs';
import { ensureBuilt } from '../../../scripts/lib/build.mjs';
import { run } from '../../../scripts/lib/child.mjs';
import { ENTRY } from '../../../scripts/lib/paths.mjs';
import { freePort } from '../../../scripts/lib/ports.mjs';
import { withMemorySettings } from '../../../scripts/lib/process-memory.mjs';
import { ensureKeyring, ensureSecrets } from '../../../scripts/lib/secrets.mjs';
import { startServices } from '../../../scripts/services/index.mjs';
import { LOOPBACK } from './raw-http.mjs';

const START_MS = 60_000;
const STOP_MS = 10_000;
const KEPT_LOG = 4_000;

/**
 * The product as it is shipped, with its database and its Redis, in a data directory of its own: built, migrated, with
 * the two accounts of a first start. Its processes are started when a row needs them.
 */
export class Product {
  /** @type {NodeJS.ProcessEnv} */
  #env;
  #services;
  #dataDir;

  /** @param {string} dataDir @param {{ maxDocumentBytes: number }} options */
  static async prepare(dataDir, { maxDocumentBytes }) {
    await ensureBuilt();
    const { JWT_SECRET, LINK_SECRET } = ensureSecrets(dataDir);
    const KEYRING_FILE = ensureKeyring(dataDir);
    const services = await startServices({ dataDir, purpose: 'npm run bench' });
    try {
      const env = {
        ...process.env,
        NODE_ENV: 'development',
        DATA_DIR: dataDir,
        DATABASE_URL: services.databaseUrl,
        REDIS_URL: services.redisUrl,
        KEYRING_FILE,
        JWT_SECRET,
        LINK_SECRET,
        UPLOAD_DOCUMENT_MAX_BYTES: String(maxDocumentBytes),
        RATE_LIMIT_SCALE: '1000000',
        LIVE_CONNECTIONS_PER_USER: '100000',
        HOST: LOOPBACK,
      };
      const { code, output } = await run(process.execPath, [ENTRY.cli, 'migrate'], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      if (code !== 0) throw new Error(`The database could not be migrated: ${output}`);
      const accounts = await ensureAccounts(dataDir, env);
      return new Product({ env, services, dataDir, accounts });
    } catch (error) {
      await services.stop();
      throw error;
    }
  }

  /** @param {{ env: NodeJS.ProcessEnv, services: any, dataDir: string, accounts: any[] }} parts */
  constructor({ env, services, dataDir, accounts }) {
    this.#env = env;
    this.#services = services;
    this.#dataDir = dataDir;
    this.accounts = accounts;
  }

  /** What its programs are told. */
  get env() {
    return this.#env;
  }

  get databaseUrl() {
    return String(this.#env.DATABASE_URL);
  }

  /** Starts api and worker, new ones, and logs the ops account in. */
  async start() {
    const port = await freePort();
    const api = this.#launch('api', { PORT: String(port), PUBLIC_URL: `http://${LOOPBACK}:${port}` });
    const worker = this.#launch('worker', {});
    const stop = async () => {
      await Promise.all([api.stop(), worker.stop()]);
    };
    try {
      await api.waitFor(`http://${LOOPBACK}:${port}/api/health/ready`);
      return { api, worker, port, stop, client: await ApiClient.login(port, this.accounts[0]) };
    } catch (error) {
      await stop();
      throw error;
    }
  }

  stop() {
    return this.#services.stop();
  }

  /** @param {'api' | 'worker'} name @param {NodeJS.ProcessEnv} env */
  #launch(name, env) {
    const log = join(this.#dataDir, 'logs', `${name}.log`);
    mkdirSync(join(this.#dataDir, 'logs'), { recursive: true });
    const fd = openSync(log, 'a');
    const child = spawn(process.execPath, [ENTRY[name]], {
      // The channel: when it closes, this process is gone, and the program ends.
      env: withMemorySettings(name, { ...this.#env, ...env, WAYBILL_PARENT: 'ipc' }),
      detached: true,
      stdio: ['ignore', fd, fd, 'ipc'],
    });
    closeSync(fd);
    /** @type {Error | null} */
    let ended = null;
    const exited = once(child, 'exit').then(([code, signal]) => {
      ended = new Error(`${name} ended (${signal ?? code}): ${readFileSync(log, 'utf8').slice(-KEPT_LOG)}`);
    });
    return {
      pid: Number(child.pid),
      /** @param {string} url */
      async waitFor(url) {
        for (const deadline = Date.now() + START_MS; ; await delay(25)) {
          if (ended) throw ended;
          if (Date.now() > deadline) throw new Error(`${name} is not ready after ${START_MS} ms`);
          if (await answersOk(url)) return;
        }
      },
      async stop() {
        child.kill('SIGTERM');
        const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
        await exited;
        clearTimeout(kill);
      },
    };
  }
}

/** @typedef {Awaited<ReturnType<Product['start']>>} RunningProduct */

/** What the bench asks of the API besides what it measures. */
class ApiClient {
  /** @param {number} port @param {{ email: string, password: string }} account */
  static async login(port, { email, password }) {
    const base = `http://${LOOPBACK}:${port}/api`;
    const response = await fetch(`${base}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    });
    const body = await response.json();
    if (!response.ok) throw new Error(`The login failed: ${JSON.stringify(body)}`);
    return new ApiClient(base, { Authorization: `Bearer ${body.accessToken}` });
  }

  /** @param {string} base @param {Record<string, string>} headers */
  constructor(base, headers) {
    this.base = base;
    this.headers = headers;
  }

  /** @param {string} method @param {string} path @param {object} [body] */
  async request(method, path, body) {
    const response = await fetch(`${this.base}${path}`, {
      method,
      headers: { ...this.headers, ...(body && { 'content-type': 'application/json' }) },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  /** Waits until an upload has become a file. @param {string} uploadId @param {number} [timeoutMs] @returns {Promise<{ fileId: string }>} */
  async completed(uploadId, timeoutMs = 120_000) {
    for (const deadline = Date.now() + timeoutMs; ; await delay(50)) {
      const { status, failureCode, fileId } = await this.request('GET', `/upload/progress/${uploadId}`);
      if (status === 'completed') return { fileId };
      if (status === 'failed' || status === 'cancelled')
        throw new Error(`The upload ${status}: ${failureCode}`);
      if (Date.now() > deadline) throw new Error(`The upload is ${status} after ${timeoutMs} ms.`);
    }
  }
}

/** @param {string} url */
async function answersOk(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
