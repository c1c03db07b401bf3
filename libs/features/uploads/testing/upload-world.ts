import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { randomBytes } from '@waybill/core/crypto';
import type { Job } from '@waybill/core/contracts';
import { uuidv7, type Principal } from '@waybill/core/kernel';
import { StorageUsageService } from '@waybill/features/files';
import { Signals } from '@waybill/platform/cache';
import { AppConfig } from '@waybill/platform/config';
import { Database, dataSourceOptions } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { ObjectRegistry } from '@waybill/platform/objects';
import type { JobQueue } from '@waybill/platform/queue';
import { createObjectStores, type ObjectStores } from '@waybill/platform/storage';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { createTestDatabase } from '../../../../test/support/database';
import { testEnvironment } from '../../../../test/support/environment';
import { LiveProgress } from '@waybill/features/progress';
import { MemoryKeyring } from '../../files/testing/sealing';
import { LiveCounters } from '../../progress/live-counters';
import { RunningTransfers } from '../running-transfers';
import { Publications } from '../sealing/publications';
import { SealingClaims } from '../sealing/sealing-claims';
import { SealingRepository } from '../sealing/sealing.repository';
import { SealingRequests } from '../sealing/sealing-requests';
import { SealingService } from '../sealing/sealing.service';
import { StagingService } from '../staging/staging.service';
import type { StagingWriter } from '../staging/staging-writer';
import { UploadReconciler } from '../upload-reconciler';
import { UploadRepository } from '../upload.repository';
import { UploadsService, type OpenUpload } from '../upload.service';
import { LeaseRenewals } from '../lease-renewals';
import { PartCommitRepository } from '../part-commit.repository';
import { RegisteredParts } from '../staging/registered-parts';
import { UploadEndings } from '../upload-endings.service';
import { UploadWrites } from '../upload-writes';
import { UploadSlots } from '../upload-slots';
import { ValidationService } from '../validation.service';
import { ReservedUploads } from '../whole/reserved-uploads';
import { WholeUploadRepository } from '../whole/whole-upload.repository';
import { WholeUploads } from '../whole/whole-uploads.service';

export interface BegunUpload {
  upload: OpenUpload;
  writer: StagingWriter;
  /** What the writer told its source. */
  errors: unknown[];
}

/** The services of uploads over a database and a store of a test's own; what they hand to the queue is kept. */
export class UploadWorld {
  readonly principal = { userId: uuidv7(), role: 'ops' } as Principal;
  readonly jobs: Job[] = [];
  readonly database: Database;
  readonly objects: ObjectRegistry;
  readonly repository: UploadRepository;
  readonly uploads: UploadsService;
  readonly endings: UploadEndings;
  readonly whole: WholeUploads;
  readonly validation: ValidationService;
  readonly sealing: SealingService;
  /** The sealing of another worker. */
  readonly worker: () => SealingService;
  readonly reconciler: UploadReconciler;

  private constructor(
    source: DataSource,
    readonly config: AppConfig,
    readonly stores: ObjectStores,
    readonly end: () => Promise<void>,
  ) {
    const database = new Database(source);
    const objects = new ObjectRegistry(database);
    const keyring = new MemoryKeyring();
    const usage = new StorageUsageService(database);
    const outbox = new Outbox(database);
    const uploads = new UploadRepository(database);
    const sealings = new SealingRepository(database);
    const staging = new StagingService(uploads, keyring, stores);
    const running = new RunningTransfers(new Signals(null));
    const progress = new LiveProgress(new LiveCounters(new Redis({ lazyConnect: true })));
    const queue = { enqueue: async (job: Job) => this.jobs.push(job) > 0 } as unknown as JobQueue;
    this.database = database;
    this.objects = objects;
    this.repository = uploads;
    const writes = new UploadWrites(database, config);
    this.uploads = new UploadsService(
      writes,
      uploads,
      new PartCommitRepository(database),
      new RegisteredParts(config),
      objects,
      stores,
      keyring,
      usage,
      new UploadSlots(database, config),
      new LeaseRenewals(uploads, objects, config),
      progress,
      config,
    );
    this.endings = new UploadEndings(database, writes, uploads, objects, usage, outbox, running, config);
    this.whole = new WholeUploads(
      new ReservedUploads(objects, stores, config),
      new WholeUploadRepository(database, config),
      this.endings,
      objects,
      stores,
      keyring,
      writes,
    );
    this.validation = new ValidationService(uploads, this.endings, staging);
    this.worker = () =>
      new SealingService(
        database,
        uploads,
        sealings,
        new SealingClaims(database, stores, config),
        new Publications(database),
        staging,
        objects,
        stores,
        keyring,
        outbox,
        running,
        progress,
        config,
      );
    this.sealing = this.worker();
    this.reconciler = new UploadReconciler(
      sealings,
      this.uploads,
      this.endings,
      this.validation,
      new SealingRequests(queue),
      config,
    );
  }

  static async create(env: NodeJS.ProcessEnv = {}): Promise<UploadWorld> {
    Logger.overrideLogger(false);
    const directory = await mkdtemp(join(tmpdir(), 'waybill-uploads-'));
    const database = await createTestDatabase();
    const config = new AppConfig(
      testEnvironment({ DATABASE_URL: database.url, DATA_DIR: directory, ...env }),
    );
    const source = await new DataSource(dataSourceOptions(config)).initialize();
    const stores = createObjectStores(config.storage);
    const world = new UploadWorld(source, config, stores, async () => {
      await source.destroy();
      await database.drop();
      await rm(directory, { recursive: true, force: true });
    });
    const { userId, role } = world.principal;
    await world.query(`INSERT INTO users (id, email, role, password_hash) VALUES ($1, $2, $3, '')`, [
      userId,
      'ops@example.com',
      role,
    ]);
    return world;
  }

  /** An upload of a text file through the plain door, with its writer. */
  async begin(extension = 'txt'): Promise<BegunUpload> {
    const upload = await this.uploads.begin(this.principal, {
      uploadId: null,
      door: 'multipart',
      fileName: `a.${extension}`,
      extension,
      mediaType: 'text/plain',
      category: 'document',
      fileType: null,
      attributes: {},
      totalBytes: null,
    });
    const errors: unknown[] = [];
    const writer = this.uploads.write(upload, 0, {
      drain: () => undefined,
      error: (error) => errors.push(error),
    });
    return { upload, writer, errors };
  }

  /** Ends an upload as its request does; null bytes for what was written before. */
  async receive({ upload, writer }: BegunUpload, bytes?: Buffer): Promise<void> {
    if (bytes) writer.write(bytes);
    const attributes = { title: null, description: null, tags: [], visibility: 'clients' };
    await writer.end((last) =>
      this.uploads.receive(upload, last, {
        attributes: { ...attributes, expiresAt: null, maxDownloads: null },
      }),
    );
  }

  /** An upload that waits to be sealed. */
  async sealable(bytes: Buffer = Buffer.from(randomBytes(60_000).toString('hex'))): Promise<string> {
    const begun = await this.begin();
    await this.receive(begun, bytes);
    await this.validation.validate(begun.upload.uploadId);
    return begun.upload.uploadId;
  }

  /** As if whoever works on the upload, and on its objects, had been silent for too long. */
  async expireLeases(uploadId: string): Promise<void> {
    await this.query(`UPDATE uploads SET lease_until = now() - interval '1 second' WHERE id = $1`, [
      uploadId,
    ]);
    await this.query(
      `UPDATE objects SET lease_until = now() - interval '1 second' WHERE key LIKE $1 AND state = 'writing'`,
      [`staging/${uploadId}/%`],
    );
  }

  query<Row = Record<string, unknown>>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return this.database.query<Row>(sql, parameters);
  }

  async status(uploadId: string): Promise<string> {
    return (await this.repository.find(uploadId))!.status;
  }
}
