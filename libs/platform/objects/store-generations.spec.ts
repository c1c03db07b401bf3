import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { Database, dataSourceOptions } from '@waybill/platform/database';
import { Drain, Metrics, ReadinessChecks } from '@waybill/platform/observability';
import { createObjectStores, type ObjectStores } from '@waybill/platform/storage';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { testEnvironment } from '../../../test/support/environment';
import { StoreGenerations } from './store-generations';
import { SweepAlarms } from './sweep-alarms';

let directory: string;
let testDatabase: TestDatabase;
let source: DataSource;
let database: Database;
let stores: ObjectStores;
let readiness: ReadinessChecks;
let metrics: Metrics;
let generations: StoreGenerations;
let complaints: jest.SpyInstance;

beforeEach(async () => {
  complaints = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  directory = await mkdtemp(join(tmpdir(), 'waybill-generations-'));
  testDatabase = await createTestDatabase();
  const config = new AppConfig(testEnvironment({ DATABASE_URL: testDatabase.url, STORAGE_DIR: directory }));
  source = await new DataSource(dataSourceOptions(config)).initialize();
  database = new Database(source);
  stores = createObjectStores(config.storage);
  readiness = new ReadinessChecks(new Drain());
  metrics = new Metrics();
  generations = new StoreGenerations(database, stores, new SweepAlarms(database, metrics, readiness));
});

afterEach(async () => {
  jest.restoreAllMocks();
  await source.destroy();
  await testDatabase.drop();
  await rm(directory, { recursive: true, force: true });
});

const aMinutePasses = () =>
  database.query(`UPDATE store_generations SET advanced_at = now() - interval '61 seconds'`);
const recorded = async (): Promise<number> => {
  const [row] = await database.query<{ generation: number }>('SELECT generation FROM store_generations');
  return row!.generation;
};
const notes = async (): Promise<string[]> => (await readiness.ask()).notes;

/** Three minutes of work. */
async function work(): Promise<void> {
  for (let minute = 0; minute < 3; minute++) {
    expect(await generations.agree()).toBe(true);
    await aMinutePasses();
  }
}

describe('the generations of database and store', () => {
  it('begin together, and count on by the minute, whoever sweeps', async () => {
    expect(await generations.agree()).toBe(true);
    expect([await recorded(), await stores.default.generation()]).toEqual([1, 1]);
    await generations.agree();
    expect(await recorded()).toBe(1);
    await aMinutePasses();
    const swept = await Promise.all(Array.from({ length: 5 }, () => generations.agree()));
    expect(swept).toEqual([true, true, true, true, true]);
    await generations.agree();
    expect([await recorded(), await stores.default.generation()]).toEqual([2, 2]);
  });

  it('tell of a database that was restored, once in the log, until it is acknowledged', async () => {
    await work();
    await database.query('UPDATE store_generations SET generation = 2');
    for (let sweep = 0; sweep < 3; sweep++) expect(await generations.agree()).toBe(false);
    expect(await notes()).toEqual(['SWEEP_DATABASE_OLDER']);
    expect(complaints).toHaveBeenCalledTimes(1);
    expect(await metrics.text()).toContain('waybill_sweep_alarm{reason="DATABASE_OLDER"} 1');
    expect(await generations.acknowledge()).toEqual({ stored: 3, recorded: 2, now: 4 });
    expect(await generations.agree()).toBe(true);
    expect(await notes()).toEqual([]);
    expect(await metrics.text()).toContain('waybill_sweep_alarm{reason="DATABASE_OLDER"} 0');
  });

  it('are whatever the store has, for a database that is new', async () => {
    await stores.default.setGeneration(17);
    expect(await generations.agree()).toBe(true);
    expect([await recorded(), await stores.default.generation()]).toEqual([18, 18]);
  });

  it('tell of a database that does not count beside a store that is not', async () => {
    await work();
    await database.query('DELETE FROM store_generations');
    expect(await generations.agree()).toBe(false);
    expect(await notes()).toEqual(['SWEEP_DATABASE_OLDER']);
  });

  it('tell of a store that is older, or is not there', async () => {
    await work();
    await stores.default.setGeneration(1);
    expect(await generations.agree()).toBe(false);
    expect(await notes()).toEqual(['SWEEP_STORE_INCOMPLETE']);
    await stores.default.setGeneration(3);
    expect(await generations.agree()).toBe(true);
    await rm(join(directory, '~generation'));
    expect(await generations.agree()).toBe(false);
    expect(await notes()).toEqual(['SWEEP_STORE_INCOMPLETE']);
  });

  it('take a store that cannot be asked for none that may be swept', async () => {
    await work();
    const read = jest.spyOn(stores.default, 'generation').mockRejectedValue(new Error('away'));
    expect(await generations.agree()).toBe(false);
    read.mockRestore();
    expect(await generations.agree()).toBe(true);
    expect(await notes()).toEqual([]);
  });

  it('survive a death between the two, and a store that takes nothing', async () => {
    await work();
    const write = jest.spyOn(stores.default, 'setGeneration').mockRejectedValue(new Error('full'));
    for (let minute = 0; minute < 3; minute++) {
      expect(await generations.agree()).toBe(true);
      await aMinutePasses();
    }
    expect([await recorded(), await stores.default.generation()]).toEqual([4, 3]);
    write.mockRestore();
    expect(await generations.agree()).toBe(true);
    expect(await stores.default.generation()).toBe(4);
  });
});
