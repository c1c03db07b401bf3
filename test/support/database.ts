import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppConfig } from '@waybill/platform/config';
import { migrate } from '@waybill/platform/database';
import { Client } from 'pg';
import { requireService, testEnvironment } from './environment';

const MIGRATIONS = join(__dirname, '../../libs/platform/database/migrations');
const COPY_ATTEMPTS = 5;

export interface TestDatabase {
  url: string;
  /** Removes the database, whoever is still connected to it. */
  drop(): Promise<void>;
}

/**
 * A database of the test's own, by default on the server at `WAYBILL_TEST_DATABASE_URL`, with the schema that the migrations make.
 * They run once for each state of their files; every database after that is a copy, which takes a tenth of a second.
 */
export async function createTestDatabase(
  server = requireService('WAYBILL_TEST_DATABASE_URL'),
): Promise<TestDatabase> {
  const name = `waybill_test_${randomUUID().replaceAll('-', '')}`;
  await connected(server, async (client) => {
    const template = await ensureTemplate(server, client);
    await copy(client, template, name);
  });
  return {
    url: withDatabase(server, name),
    drop: () =>
      connected(server, async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }),
  };
}

/** Makes the template unless it is there. The lock makes parallel test files wait for the first. */
async function ensureTemplate(server: string, client: Client): Promise<string> {
  const template = `waybill_template_${fingerprint()}`;
  await client.query(`SELECT pg_advisory_lock(hashtextextended($1, 0))`, [template]);
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    if (found.rowCount === 0) {
      // Under another name until it is complete: a run that dies half-way leaves nothing that looks ready.
      const draft = `waybill_draft_${randomUUID().replaceAll('-', '')}`;
      await client.query(`CREATE DATABASE ${draft}`);
      await migrate(new AppConfig(testEnvironment({ DATABASE_URL: withDatabase(server, draft) })));
      await client.query(`ALTER DATABASE ${draft} RENAME TO ${template}`);
    }
    return template;
  } finally {
    await client.query(`SELECT pg_advisory_unlock(hashtextextended($1, 0))`, [template]);
  }
}

/** PostgreSQL refuses a copy while anybody (its own maintenance, too) is connected to the template. */
async function copy(client: Client, template: string, name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== '55006' || attempt === COPY_ATTEMPTS) throw error;
    }
  }
}

function fingerprint(): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(MIGRATIONS).sort())
    hash.update(file).update(readFileSync(join(MIGRATIONS, file)));
  return hash.digest('hex').slice(0, 16);
}

async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
