import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports';

const SERVICES = join(__dirname, '../../../scripts/services');
const PASSWORD = 'throw-away';

interface Running {
  pid: number;
  exited: Promise<unknown>;
  stop(): Promise<void>;
}

/** A server that a test may end and start again, at the same address, with what it had on disk. */
export class OwnService {
  private constructor(
    readonly url: string,
    private running: Running,
    private readonly launch: () => Promise<Running>,
  ) {}

  static async start<Options extends { port: number }>(
    launch: (options: Options) => Promise<Running & { url: string }>,
    options: Options,
  ): Promise<OwnService> {
    const running = await launch(options);
    return new OwnService(running.url, running, () => launch(options));
  }

  get pid(): number {
    return this.running.pid;
  }

  async kill9(): Promise<void> {
    process.kill(this.pid, 'SIGKILL');
    await this.running.exited;
  }

  /** Ends it in good order; PostgreSQL by its fast shutdown, which ends the sessions. */
  async stop(): Promise<void> {
    await this.running.stop();
  }

  /** Starts it again; resolves when it answers. */
  async restart(): Promise<void> {
    this.running = await this.launch();
  }

  /** It still accepts connections, and answers nothing. */
  freeze(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }
}

/** A PostgreSQL and a Redis that belong to one test file, for tests that end them. */
export class OwnServices {
  private constructor(
    readonly dataDir: string,
    readonly postgres: OwnService,
    readonly redis: OwnService,
  ) {}

  /** @param durable whether PostgreSQL syncs its commits, as it must where it is to be killed. */
  static async start({ durable }: { durable: boolean }): Promise<OwnServices> {
    const dataDir = await mkdtemp(join(tmpdir(), 'waybill-services-'));
    const { startPostgres } = await import(`${SERVICES}/postgres.mjs`);
    const { startRedis } = await import(`${SERVICES}/redis.mjs`);
    const shared = { dataDir, password: PASSWORD, durable };
    const postgres = await OwnService.start(startPostgres, { ...shared, port: await freePort() });
    const redis = await OwnService.start(startRedis, { ...shared, port: await freePort() });
    return new OwnServices(dataDir, postgres, redis);
  }

  /** Where PostgreSQL keeps its data, its log of writes included. */
  get pgData(): string {
    return join(this.dataDir, 'postgres');
  }

  async stop(): Promise<void> {
    await this.redis.stop();
    await this.postgres.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
