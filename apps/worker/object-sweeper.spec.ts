import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { Database, dataSourceOptions } from '@waybill/platform/database';
import { ObjectRegistry, SweepAlarms } from '@waybill/platform/objects';
import { Drain, Metrics, ReadinessChecks } from '@waybill/platform/observability';
import { createObjectStores, type ObjectStores } from '@waybill/platform/storage';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../../test/support/database';
import { testEnvironment } from '../../test/support/environment';
import { LivingReferences } from './living-references';
import { ObjectSweeper } from './object-sweeper';

let directory: string;
let testDatabase: TestDatabase;
let source: DataSource;
let database: Database;
let registry: ObjectRegistry;
let stores: ObjectStores;
let sweeper: ObjectSweeper;
let readiness: ReadinessChecks;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-sweep-'));
  testDatabase = await createTestDatabase();
  const env = testEnvironment({ DATABASE_URL: testDatabase.url, STORAGE_DIR: directory });
  const config = new AppConfig(env);
  source = await new DataSource(dataSourceOptions(config)).initialize();
  database = new Database(source);
  registry = new ObjectRegistry(database);
  stores = createObjectStores(config.storage);
  readiness = new ReadinessChecks(new Drain());
  const alarms = new SweepAlarms(database, new Metrics(), readiness);
  sweeper = new ObjectSweeper(registry, stores, new LivingReferences(database), alarms);
});

afterEach(async () => {
  await source.destroy();
  await testDatabase.drop();
  await rm(directory, { recursive: true, force: true });
  jest.restoreAllMocks();
});

async function store(key: string): Promise<void> {
  await registry.register(key, 'local', 60_000);
  const writer = await stores.default.create(key);
  await writer.write([Buffer.from('sealed')]);
  await writer.commit();
}

async function filesLeft(): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

describe('ObjectSweeper', () => {
  it('removes what is dead or abandoned, bytes and rows, and nothing else', async () => {
    for (const key of ['vault/a/1', 'vault/b/1', 'vault/c/1', 'vault/d/1']) await store(key);
    await registry.withdraw('vault/a/1', 'local');
    await database.query(`UPDATE objects SET lease_until = now() - interval '1 s' WHERE key = 'vault/b/1'`);
    await database.query(
      `UPDATE objects SET state = 'live', size = 6, lease_until = NULL WHERE key = 'vault/c/1'`,
    );
    expect(await sweeper.run()).toBe(2);
    expect(await sweeper.run()).toBe(0);
    const left = await database.query('SELECT key, state FROM objects ORDER BY key');
    expect(left).toEqual([
      { key: 'vault/c/1', state: 'live' },
      { key: 'vault/d/1', state: 'writing' },
    ]);
    expect(await filesLeft()).toBe(2);
  });

  it('keeps what an upload still has, whoever has called it dead, and raises an alarm until that is mended', async () => {
    const complaint = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const upload = '01900000-0000-7000-8000-000000000001';
    const key = `staging/${upload}/0-x`;
    for (const each of [key, 'vault/a/1']) await store(each);
    await database.query('ALTER TABLE upload_parts DROP CONSTRAINT upload_parts_upload_fk');
    await database.query('INSERT INTO upload_parts VALUES ($1, 0, 6, $2)', [upload, key]);
    for (const each of [key, 'vault/a/1']) await registry.withdraw(each, 'local');
    for (let turn = 0; turn < 2; turn++) expect(await sweeper.run()).toBe(1 - turn);
    expect(await filesLeft()).toBe(1);
    expect((await readiness.ask()).notes).toEqual(['SWEEP_STILL_REFERENCED']);
    expect(complaint).toHaveBeenCalledTimes(1);
    await database.query('DELETE FROM upload_parts');
    expect(await sweeper.run()).toBe(1);
    expect(await filesLeft()).toBe(0);
    expect((await readiness.ask()).notes).toEqual([]);
  });

  it('comes to the rest although more than a batch of older ones cannot be removed, and says so once', async () => {
    const complaint = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    await database.query(
      `INSERT INTO objects (key, driver, state, died_at)
       SELECT 'vault/old/' || n, 'closed-down', 'dead', now() - interval '1 day' FROM generate_series(1, 250) n`,
    );
    await store('vault/new/1');
    await registry.withdraw('vault/new/1', 'local');
    expect(await sweeper.run()).toBe(1);
    expect(await filesLeft()).toBe(0);
    expect(await database.query(`SELECT 1 FROM objects WHERE driver = 'closed-down'`)).toHaveLength(250);
    expect(complaint).toHaveBeenCalledTimes(1);
  });
});
