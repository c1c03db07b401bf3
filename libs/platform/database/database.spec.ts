import { AppConfig } from '@waybill/platform/config';
import { setImmediate as turn } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { testEnvironment } from '../../../test/support/environment';
import { dataSourceOptions } from './data-source-options';
import { Database, type Tx } from './database';

let testDatabase: TestDatabase;
let source: DataSource;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const config = new AppConfig(testEnvironment({ DATABASE_URL: testDatabase.url }));
  source = await new DataSource(dataSourceOptions(config)).initialize();
  database = new Database(source);
}, 60_000);

afterAll(async () => {
  await source?.destroy();
  await testDatabase?.drop();
});

/** Ends the transaction's connection from the server's side, and waits until the driver has noticed. */
async function loseConnection(tx: Tx): Promise<void> {
  const [{ pid }] = (await tx.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
  await database.query('SELECT pg_terminate_backend($1)', [pid]);
  while (!tx.queryRunner!.isReleased) await turn();
}

describe('a transaction whose connection is lost between two statements', () => {
  it.each<[string, (tx: Tx) => Promise<unknown>]>([
    ['at its next statement', (tx) => database.query('SELECT 1', [], tx)],
    ['at its commit', () => Promise.resolve()],
  ])('fails %s in the words for a lost connection, and the next one works', async (_title, goOn) => {
    const work = async (tx: Tx): Promise<void> => {
      await loseConnection(tx);
      await goOn(tx);
    };
    await expect(database.transaction(work)).rejects.toThrow(/^Connection terminated/);
    expect(await database.transaction((tx) => database.query('SELECT 1 AS one', [], tx))).toEqual([
      { one: 1 },
    ]);
  });
});
