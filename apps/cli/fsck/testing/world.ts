import { mkdtemp, open, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppConfig } from '@waybill/platform/config';
import { Database } from '@waybill/platform/database';
import { Outbox, Sequencer } from '@waybill/platform/events';
import { Keyring, createKeyringFile } from '@waybill/platform/keyring';
import { ObjectStores, type ObjectStore } from '@waybill/platform/storage';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database';
import { testEnvironment } from '../../../../test/support/environment';
import type { FsckOptions } from '../context';
import type { Finding, Warning } from '../finding';
import { fsck, type Summary } from '../fsck';
import { FsckModule } from '../fsck.module';
import { readOnly } from '../read-only';
import type { Outcome } from '../repair';
import { Life } from './life';
import { Snapshot } from './snapshot';

export interface Examination {
  findings: Finding[];
  warnings: Warning[];
  repairs: Outcome[];
  summary: Summary;
}

/**
 * An installation of a test's own: a database, a local store, a keyring. What lives in it is made by `life`, by hand
 * and from the format's own parts; examinations see it through sessions that cannot write.
 */
export class World {
  readonly life: Life;

  static async create(): Promise<World> {
    const directory = await mkdtemp(join(tmpdir(), 'waybill-fsck-'));
    const database = await createTestDatabase();
    const keyringFile = join(directory, 'keyring.json');
    await createKeyringFile(keyringFile);
    const environment = (url: string): NodeJS.ProcessEnv =>
      testEnvironment({ DATABASE_URL: url, KEYRING_FILE: keyringFile, DATA_DIR: directory });
    const [writing, reading] = await Promise.all(
      [database.url, readOnly(database.url)].map((url) =>
        NestFactory.createApplicationContext(FsckModule.with(new AppConfig(environment(url))), {
          logger: false,
        }),
      ),
    );
    return new World(directory, database, environment(database.url), writing!, reading!);
  }

  private constructor(
    private readonly directory: string,
    private readonly testDatabase: TestDatabase,
    readonly environment: NodeJS.ProcessEnv,
    private readonly writing: INestApplicationContext,
    private readonly reading: INestApplicationContext,
  ) {
    this.life = new Life(this.database, this.store, writing.get(Keyring), writing.get(Outbox));
  }

  get database(): Database {
    return this.writing.get(Database);
  }

  get store(): ObjectStore {
    return this.writing.get(ObjectStores).default;
  }

  /** @param through what the examination sees in the place of the store. */
  async examine(options: Partial<FsckOptions> = {}, through?: ObjectStore): Promise<Examination> {
    const services = options.repair ? this.writing : this.reading;
    const found: Omit<Examination, 'summary'> = { findings: [], warnings: [], repairs: [] };
    const summary = await fsck(
      {
        database: services.get(Database),
        stores: through ? new ObjectStores(through) : services.get(ObjectStores),
        keyring: services.get(Keyring),
        outbox: services.get(Outbox),
      },
      { fast: false, fileId: null, repair: false, force: false, ...options },
      {
        finding: (finding) => found.findings.push(finding),
        warning: (warning) => found.warnings.push(warning),
        repair: (outcome) => found.repairs.push(outcome),
        progress: { expect: () => undefined, phase: () => undefined, advance: () => undefined },
      },
    );
    return { ...found, summary };
  }

  /** A statement in a session like those of an examination. */
  async examinerSql<Row>(sql: string): Promise<Row[]> {
    return this.reading.get(Database).query<Row>(sql);
  }

  async sql<Row>(sql: string, ...parameters: unknown[]): Promise<Row[]> {
    return this.database.query<Row>(sql, parameters);
  }

  /** Gives what was committed its place in the feed. */
  async sequence(): Promise<void> {
    await this.writing.get(Sequencer).run();
  }

  async readBytes(key: string): Promise<Buffer> {
    return readFile(await this.path(key));
  }

  async replaceBytes(key: string, bytes: Buffer): Promise<void> {
    await writeFile(await this.path(key), bytes);
  }

  /** Leaves what a write of the same key would, had it not been ended. */
  async leavePartialBeside(key: string): Promise<void> {
    await writeFile(`${await this.path(key)}~partial`, Buffer.alloc(10));
  }

  async cut(key: string, bytes: number): Promise<void> {
    const path = await this.path(key);
    await truncate(path, (await readFile(path)).length - bytes);
  }

  /** Changes one bit of one byte; a second time undoes it. A negative offset counts from the end. */
  async flip(key: string, offset: number): Promise<void> {
    const file = await open(await this.path(key), 'r+');
    try {
      const at = offset < 0 ? (await file.stat()).size + offset : offset;
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, at);
      byte[0]! ^= 1 << (at & 7);
      await file.write(byte, 0, 1, at);
    } finally {
      await file.close();
    }
  }

  /** All there is by now, to come back to after something was done to it. */
  async save(): Promise<Snapshot> {
    return Snapshot.take(this.database, this.objects);
  }

  async close(): Promise<void> {
    await this.life.end();
    await Promise.all([this.writing.close(), this.reading.close()]);
    await this.testDatabase.drop();
    await rm(this.directory, { recursive: true });
  }

  private get objects(): string {
    return join(this.directory, 'objects');
  }

  /** The local store's file for an object, found by its name in whatever directory. */
  private async path(key: string): Promise<string> {
    const name = key.slice(key.indexOf('/') + 1).replaceAll('/', '+');
    const entries = await readdir(this.objects, { recursive: true, withFileTypes: true });
    const found = entries.find((entry) => entry.isFile() && entry.name === name);
    if (!found) throw new Error(`The store has no ${key}.`);
    return join(found.parentPath, found.name);
  }
}
