import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { AppConfig } from '@waybill/platform/config';
import { setImmediate as turn } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { testEnvironment } from '../../../test/support/environment';
import { VanishingWay } from '../../../test/support/vanishing-way';
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

describe('a server that goes', () => {
  /** Connections by another way to the same database, all of them new. */
  async function throughWay<T>(host: string, work: (database: Database) => Promise<T>): Promise<T> {
    const url = Object.assign(new URL(testDatabase.url), { host });
    const env = testEnvironment({ DATABASE_URL: url.href, DATABASE_STATEMENT_SECONDS: '1' });
    const there = await new DataSource(dataSourceOptions(new AppConfig(env))).initialize();
    try {
      return await work(new Database(there));
    } finally {
      await there.destroy();
    }
  }

  async function sleeping(): Promise<number> {
    const rows = await database.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%'`,
    );
    return rows.length;
  }

  it('without a word is given up, alone and in a transaction, and the next question reaches its successor', async () => {
    const way = await VanishingWay.to(testDatabase.url);
    await throughWay(way.host, async (lost) => {
      const hung = [
        lost.query('SELECT pg_sleep(60)'),
        lost.transaction((tx) => lost.query('SELECT pg_sleep(60)', [], tx)),
      ].map((answer) => answer.catch((error: Error) => error.message));
      while ((await sleeping()) < hung.length) await turn();
      way.vanish();
      for (const answer of await Promise.all(hung)) expect(answer).toMatch(/^Connection terminated/);
      expect(await lost.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });
    await way.stop();
  }, 30_000);

  it('in the breath in which it welcomes is no error that nobody hears', async () => {
    const { hostname, port } = new URL(testDatabase.url);
    let leaving = false;
    const server = createServer((caller) => {
      const service = connect(Number(port), hostname).on('error', () => undefined);
      caller.on('data', (bytes) => service.write(bytes)).on('error', () => undefined);
      caller.on('close', () => service.destroy());
      service.on('data', (bytes: Buffer) => {
        const parting = leaving && bytes.includes(READY);
        caller.write(parting ? Buffer.concat([bytes, FAREWELL]) : bytes);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    await throughWay(`127.0.0.1:${(server.address() as AddressInfo).port}`, async (shaky) => {
      leaving = true;
      // One has the connection that is there; the other needs a new one.
      const answers = await Promise.allSettled([shaky.query('SELECT 1'), shaky.query('SELECT 1')]);
      expect(answers.some(({ status }) => status === 'rejected')).toBe(true);
      leaving = false;
      expect(await shaky.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });
    server.close();
  }, 30_000);
});

/** ReadyForQuery, and an ErrorResponse of severity FATAL (PostgreSQL manual, 54.7). */
const READY = Buffer.from('Z\0\0\0\x05I', 'latin1');
const FAREWELL = Buffer.from('E\0\0\0\x1fSFATAL\0C57P01\0Mgoing down\0\0', 'latin1');
