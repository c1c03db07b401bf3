import { randomUUID } from 'node:crypto';
import { AppConfig } from '@waybill/platform/config';
import { Client } from 'pg';
import { requireService, testEnvironment } from '../../../test/support/environment';
import { MIGRATIONS } from './migrations';
import { migrate } from './schema';

/** A database in which every statement of a migration leaves behind how long it was allowed to take. */
const WITNESS = `
  CREATE TABLE limits (statement_timeout text);
  CREATE FUNCTION witness() RETURNS event_trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO limits VALUES (current_setting('statement_timeout')); END $$;
  CREATE EVENT TRIGGER witness ON ddl_command_start EXECUTE FUNCTION witness()`;

let server: Client;
let client: Client;
let config: AppConfig;
const name = `waybill_migrate_${randomUUID().replaceAll('-', '')}`;

beforeAll(async () => {
  const url = new URL(requireService('WAYBILL_TEST_DATABASE_URL'));
  server = new Client({ connectionString: url.href });
  await server.connect();
  await server.query(`CREATE DATABASE ${name}`);
  url.pathname = `/${name}`;
  config = new AppConfig(testEnvironment({ DATABASE_URL: url.href }));
  client = new Client({ connectionString: url.href });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await server.query(`DROP DATABASE ${name} WITH (FORCE)`);
  await server.end();
});

it('migrates once, however many ask, and takes all the time that a statement needs', async () => {
  await client.query(WITNESS);
  const ran = await Promise.all([migrate(config), migrate(config), migrate(config)]);
  expect(ran.flat().sort()).toEqual(MIGRATIONS.map((migration) => migration.name).sort());
  const { rows } = await client.query('SELECT DISTINCT statement_timeout FROM limits');
  expect(rows).toEqual([{ statement_timeout: '0' }]);
});
