import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hash } from '@node-rs/argon2';
import { uuidv7, type Role } from '@waybill/core/kernel';
import { createKeyringFile } from '@waybill/platform/keyring';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { createTestDatabase, type TestDatabase } from '../database';
import { requireService, testEnvironment } from '../environment';
import { ApiClient } from './api-client';
import { AppProcess } from './app-process';
import type { Descriptors } from './descriptors';
import type { OwnServices } from './own-services';
import { freePort } from './ports';
import { waitFor } from './wait-for';

const ROOT = join(__dirname, '../../..');
/** A process that starts on a busy machine takes its time; one that does not start says so by ending. */
const START = { timeoutMs: 60_000 };

export interface SystemOptions {
  /** How many of each to start; one by default. */
  apis?: number;
  workers?: number;
  env?: NodeJS.ProcessEnv;
  /** PostgreSQL and Redis for this system alone; by default those of the test run. */
  services?: OwnServices;
  /** Where its processes connect to instead, host and port: a way that leads there. The test itself goes straight. */
  ways?: { postgres?: string; redis?: string };
}

export interface TestUser {
  id: string;
  email: string;
  password: string;
  role: Role;
}

/**
 * The whole product for one test file: its own database, data directory and keyring, and real processes from the
 * build, which may be killed.
 */
export class TestSystem {
  readonly apis: AppProcess[] = [];
  readonly workers: AppProcess[] = [];
  readonly urls: string[] = [];
  /** Every process that was started, ended ones too. */
  readonly processes: AppProcess[] = [];
  /** What each process had open when it had just become ready. */
  readonly baselines = new Map<AppProcess, Descriptors>();

  private constructor(
    readonly dataDir: string,
    readonly database: TestDatabase,
    readonly env: NodeJS.ProcessEnv,
    private readonly sql: Pool,
  ) {}

  static async start({
    apis = 1,
    workers = 1,
    env = {},
    services,
    ways = {},
  }: SystemOptions = {}): Promise<TestSystem> {
    const dataDir = await mkdtemp(join(tmpdir(), 'waybill-system-'));
    const database = await createTestDatabase(services?.postgres.url);
    const redisUrl = services?.redis.url ?? redisOfThisWorker();
    await empty(redisUrl);
    const keyring = join(dataDir, 'keyring.json');
    await createKeyringFile(keyring);
    const full = testEnvironment({
      DATA_DIR: dataDir,
      DATABASE_URL: by(ways.postgres, database.url),
      REDIS_URL: by(ways.redis, redisUrl),
      KEYRING_FILE: keyring,
      LOG_LEVEL: 'info',
      SWEEP_SECONDS: '1',
      LEASE_SECONDS: '5',
      SEALING_BACKOFF_SECONDS: '0.2',
      DATABASE_POOL_SIZE: '10',
      ...env,
    });
    const sql = new Pool({ connectionString: database.url, max: 4 });
    // A test may end the server's connections; the next query then says so, or finds another.
    sql.on('error', () => undefined);
    const system = new TestSystem(dataDir, database, full, sql);
    try {
      for (let index = 0; index < workers; index++) system.startWorker(index);
      for (let index = 0; index < apis; index++) await system.startApi(index);
      for (const worker of system.workers) await system.workerReady(worker);
      return system;
    } catch (error) {
      await system.stop();
      throw error;
    }
  }

  get url(): string {
    return this.urls[0]!;
  }

  get objectsDir(): string {
    return this.env.STORAGE_DIR ?? join(this.dataDir, 'objects');
  }

  /**
   * Starts the API of that number, again on the same port if it ran before, and waits until it is ready. `env` is for
   * this process alone.
   */
  async startApi(index = 0, env: NodeJS.ProcessEnv = {}): Promise<AppProcess> {
    const port = this.urls[index] ? new URL(this.urls[index]).port : String(await freePort());
    this.urls[index] = `http://127.0.0.1:${port}`;
    const publicUrl = this.env.PUBLIC_URL ?? this.urls[index];
    const api = this.launch('api', { PORT: port, PUBLIC_URL: publicUrl, ...env });
    this.apis[index] = api;
    await waitFor(
      `API ${index} to be ready`,
      async () => {
        if (!api.alive) throw new Error(`API ${index} ended while starting:\n${api.output}`);
        const answer = await fetch(`${this.urls[index]}/api/health/ready`).catch(() => null);
        return answer?.status === 200;
      },
      START,
    );
    this.baselines.set(api, api.descriptors());
    return api;
  }

  /** Starts the worker of that number, and does not wait for it. `env` is for this process alone. */
  startWorker(index = 0, env: NodeJS.ProcessEnv = {}): AppProcess {
    return (this.workers[index] = this.launch('worker', env));
  }

  /** Waits until a worker is at work. */
  async workerReady(worker = this.workers[0]!): Promise<void> {
    await waitFor(
      'the worker to be ready',
      async () => {
        if (!worker.alive) throw new Error(`The worker ended while starting:\n${worker.output}`);
        return worker.ready;
      },
      START,
    );
    this.baselines.set(worker, worker.descriptors());
  }

  private launch(app: 'api' | 'worker', env: NodeJS.ProcessEnv): AppProcess {
    const launched = AppProcess.start(app, { ...this.env, ...env });
    this.processes.push(launched);
    return launched;
  }

  /** An account that is verified, straight into the database. */
  async createUser(role: Role, email = `${role}-${randomUUID()}@example.org`): Promise<TestUser> {
    const id = uuidv7();
    const password = `pw ${randomUUID()}`;
    const passwordHash = await hash(password, { memoryCost: 8192, timeCost: 1, parallelism: 1 });
    await this.query(
      `INSERT INTO users (id, email, role, full_name, password_hash, email_verified_at) VALUES ($1, $2, $3, $4, $5, now())`,
      [id, email, role, `${role} ${email}`, passwordHash],
    );
    return { id, email, password, role };
  }

  /** A new user of that role, logged in. */
  async client(role: Role, index = 0): Promise<ApiClient & { user: TestUser }> {
    const user = await this.createUser(role);
    const client = new ApiClient(this.urls[index]!);
    const answer = await client.login(user.email, user.password);
    if (answer.status !== 200) throw new Error(`login: ${answer.status} ${answer.bytes.toString()}`);
    return Object.assign(client, { user });
  }

  anonymous(index = 0): ApiClient {
    return new ApiClient(this.urls[index]!);
  }

  async query<Row = any>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.sql.query(text, values)).rows as Row[];
  }

  /** Runs an operator's command against this system. */
  cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const entry = join(ROOT, 'dist/apps/cli/main.js');
    const env = { PATH: process.env.PATH, ...this.env };
    return new Promise((resolve) => {
      execFile(process.execPath, [entry, ...args], { env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
      });
    });
  }

  /** Everything that the object store holds for others, as paths below it. What begins with `~` is its own. */
  async storedFiles(): Promise<string[]> {
    const entries = await readdir(this.objectsDir, { recursive: true, withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith('~'))
      .map((entry) => join(entry.parentPath, entry.name).slice(this.objectsDir.length + 1));
  }

  /** Where the store has an object, as an absolute path; null when it has none under that key. */
  async pathOf(key: string): Promise<string | null> {
    const stored = await this.storedFiles();
    const found = stored.find((path) => keyOf(path) === key);
    return found === undefined ? null : join(this.objectsDir, found);
  }

  /** Waits until the store holds what live files own, and nothing else. */
  async waitUntilSwept(timeoutMs = 20_000): Promise<void> {
    await waitFor(
      'the store to be swept',
      async () => {
        const [row] = await this.query<{ n: string }>(
          `SELECT count(*) AS n FROM objects WHERE state <> 'live'`,
        );
        return Number(row!.n) === 0;
      },
      { timeoutMs, everyMs: 100 },
    );
  }

  /** The mails that were written to the data directory. */
  async mails(): Promise<string[]> {
    const folder = join(this.dataDir, 'mail');
    const names = await readdir(folder).catch(() => [] as string[]);
    return Promise.all(
      names.filter((name) => name.endsWith('.eml')).map((name) => readFile(join(folder, name), 'utf8')),
    );
  }

  /** Ends everything. @throws Error when a process had ended by itself, with its last words. */
  async stop(): Promise<void> {
    const crashed = this.processes.find((each) => each.crashed);
    await Promise.all(this.processes.map((each) => each.stop()));
    await this.sql.end().catch(() => undefined);
    await this.database.drop();
    await rm(this.dataDir, { recursive: true, force: true });
    // Whatever else has failed, this is why.
    crashed?.assertNotCrashed();
  }
}

/** Each jest worker has a database of Redis to itself, so that parallel files do not meet each other's jobs. */
function redisOfThisWorker(): string {
  const url = new URL(requireService('WAYBILL_TEST_REDIS_URL'));
  url.pathname = `/${Number(process.env.JEST_WORKER_ID ?? 1) % 16}`;
  return url.href;
}

/** The same service, by another way. */
function by(way: string | undefined, address: string): string {
  const url = new URL(address);
  if (way !== undefined) url.host = way;
  return url.href;
}

/** What an earlier file of this jest worker has left. */
async function empty(redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl);
  try {
    await redis.flushdb();
  } finally {
    redis.disconnect();
  }
}

/** The key of an object whose file lies at that path of the store: `vault/3f/0190…+1` is `vault/0190…/1`. */
export function keyOf(path: string): string {
  const [namespace, , name] = path.split('/');
  return `${namespace}/${name?.replace(/~partial$/, '').replaceAll('+', '/')}`;
}
