import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppConfig } from '@waybill/platform/config';
import { createKeyringFile } from '@waybill/platform/keyring';
import { WaybillLogger } from '@waybill/platform/observability';
import { Pool } from 'pg';
import { createApp } from '../../apps/api/create-app';
import { createTestDatabase } from './database';
import { testEnvironment } from './environment';

/** The API in this process, with a database of its own: for tests that look at answers and rows, not at processes. */
export class ApiApp {
  private constructor(
    readonly url: string,
    readonly app: NestExpressApplication,
    readonly config: AppConfig,
    private readonly sql: Pool,
    private readonly cleanUp: () => Promise<void>,
  ) {}

  static async start(env: NodeJS.ProcessEnv = {}): Promise<ApiApp> {
    const directory = await mkdtemp(join(tmpdir(), 'waybill-api-'));
    const database = await createTestDatabase();
    const keyring = join(directory, 'keyring.json');
    await createKeyringFile(keyring);
    const settings = { DATA_DIR: directory, DATABASE_URL: database.url, KEYRING_FILE: keyring, ...env };
    Object.assign(process.env, testEnvironment(settings));

    const sql = new Pool({ connectionString: database.url, max: 4 });
    // A pool has ended before its connections have: dropping the database ends the last of them.
    sql.on('error', () => undefined);
    const app = await createApp({ logger: new WaybillLogger({ level: 'silent', service: 'api' }) });
    const server = await app.listen(0, '127.0.0.1');
    const { port } = server.address() as AddressInfo;
    return new ApiApp(`http://127.0.0.1:${port}`, app, app.get(AppConfig), sql, async () => {
      await app.close();
      await sql.end();
      await database.drop();
      await rm(directory, { recursive: true, force: true });
    });
  }

  async query<Row = any>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.sql.query(text, values)).rows as Row[];
  }

  async stop(): Promise<void> {
    await this.cleanUp();
  }
}
