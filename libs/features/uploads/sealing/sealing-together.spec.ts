import { createSha256, randomBytes } from '@waybill/core/crypto';
import type { Job } from '@waybill/core/contracts';
import { AppError, uuidv7 } from '@waybill/core/kernel';
import type { JobQueue } from '@waybill/platform/queue';
import type { ObjectWriter } from '@waybill/platform/storage';
import { UploadWorld } from '../testing/upload-world';
import { EncryptionProcessor } from './encryption.processor';
import type { SealingMetrics } from './sealing-metrics';
import type { SealingOutcome } from './sealing.service';

let world: UploadWorld;
let outcomes: SealingOutcome[];
let asked: Job[];
let worker: () => EncryptionProcessor;
let processor: EncryptionProcessor;

beforeAll(async () => {
  world = await UploadWorld.create({ SEALING_ATTEMPTS: '3' });
});
afterAll(() => world.end());
beforeEach(() => {
  outcomes = [];
  asked = [];
  const queue = { enqueue: async (job: Job) => asked.push(job) > 0 } as unknown as JobQueue;
  const metrics = { sealed: (outcome: SealingOutcome) => outcomes.push(outcome) };
  worker = () => new EncryptionProcessor(world.worker(), queue, metrics as unknown as SealingMetrics);
  processor = worker();
});
afterEach(() => jest.restoreAllMocks());

const context = { signal: new AbortController().signal };

const FILE = {
  door: 'multipart',
  fileName: 'a.txt',
  extension: 'txt',
  mediaType: 'text/plain',
  category: 'document',
  fileType: null,
} as const;
const ATTRIBUTES = { title: null, description: null, tags: [], visibility: 'clients', recipients: [] };

interface Waiting {
  uploadId: string;
  fileId: string;
  bytes: Buffer;
}

async function waiting(attributes: object = {}): Promise<Waiting> {
  const bytes = Buffer.from(randomBytes(500).toString('hex'));
  const upload = await world.whole.receive(
    world.principal,
    { ...FILE, attributes: { ...ATTRIBUTES, ...attributes } },
    [bytes],
  );
  const { uploadId, fileId } = upload!;
  return { uploadId, fileId, bytes };
}

const several = (count: number): Promise<Waiting[]> =>
  Promise.all(Array.from({ length: count }, () => waiting()));

const together = (uploads: Waiting[]): Promise<void> =>
  processor.sealTogether({ uploads: uploads.map(({ uploadId }) => ({ uploadId })) }, context);

const statusesOf = (uploads: Waiting[]): Promise<string[]> =>
  Promise.all(uploads.map(({ uploadId }) => world.status(uploadId)));

async function eventsOf(ids: string[]): Promise<string[]> {
  const rows = await world.query<{ type: string }>(
    'SELECT type FROM events JOIN event_outbox ON event_id = id WHERE subject_id = ANY($1) ORDER BY seq',
    [ids],
  );
  return rows.map(({ type }) => type);
}

async function objectsOf({ uploadId, fileId }: Waiting): Promise<string[]> {
  const rows = await world.query<{ key: string; state: string }>(
    'SELECT key, state FROM objects WHERE key LIKE $1 OR key LIKE $2 ORDER BY key',
    [`staging/${uploadId}/%`, `vault/${fileId}/%`],
  );
  return rows.map(({ key, state }) => `${key.split('/')[0]} ${state}`);
}

/** Nothing was made of it but what its end left. */
async function expectNoFile({ fileId }: Waiting): Promise<void> {
  expect(await world.query('SELECT id FROM files WHERE id = $1', [fileId])).toEqual([]);
  expect(await eventsOf([fileId])).toEqual([]);
}

async function expectFile(upload: Waiting): Promise<void> {
  expect(await world.status(upload.uploadId)).toBe('completed');
  const files = await world.query('SELECT size, sha256 FROM files WHERE id = $1', [upload.fileId]);
  const hash = createSha256();
  await hash.update(upload.bytes);
  expect(files).toEqual([{ size: upload.bytes.length, sha256: await hash.digest() }]);
  expect(await objectsOf(upload)).toContain('vault live');
  expect((await objectsOf(upload)).filter((object) => object === 'vault live')).toHaveLength(1);
}

/** Lets something happen when the object of one file is to be made, or is durable. */
function around(
  fileId: string,
  { create, durable }: Partial<Record<'create' | 'durable', () => unknown>>,
): void {
  const store = world.stores.default;
  const original = store.create;
  jest.spyOn(store, 'create').mockImplementation(async (key) => {
    if (!key.startsWith(`vault/${fileId}/`)) return original.call(store, key);
    await create?.();
    const inner = await original.call(store, key);
    const writer: ObjectWriter = {
      write: (buffers) => inner.write(buffers),
      abort: () => inner.abort(),
      commit: async () => {
        const committed = await inner.commit();
        await durable?.();
        return committed;
      },
    };
    return writer;
  });
}

describe('small uploads that are sealed together', () => {
  it('are claimed by one statement and published by few, each as if it were alone', async () => {
    const uploads = await several(30);
    const statements = jest.spyOn(world.database, 'execute');
    await together(uploads);
    const asks = (name: string): number =>
      statements.mock.calls.filter(([statement]) => statement.name === name).length;
    expect(asks('claim-sealings')).toBe(1);
    expect(asks('publish-sealed')).toBeLessThan(uploads.length / 2);
    for (const upload of uploads) {
      await expectFile(upload);
      expect(await objectsOf(upload)).toEqual(['staging dead', 'vault live']);
      expect(await eventsOf([upload.uploadId, upload.fileId])).toEqual([
        'upload.created',
        'upload.received',
        'file.available',
        'upload.completed',
      ]);
      const row = await world.repository.find(upload.uploadId);
      expect(row).toMatchObject({ attempt: 1, wrappedDek: null, leaseUntil: null });
      expect(await world.repository.parts(upload.uploadId)).toEqual([]);
    }
    expect(asked.map(({ name }) => name)).toEqual(['sweep']);
    expect(outcomes.map(({ kind }) => kind)).toEqual(uploads.map(() => 'completed'));
  });

  it('become files that say what was said of them, for those whom they were granted to', async () => {
    const clientId = uuidv7();
    await world.query(
      `INSERT INTO users (id, email, role, password_hash, email_verified_at) VALUES ($1, 'Ada@example.org', 'client', '', now())`,
      [clientId],
    );
    const said = {
      title: 'Minutes',
      description: 'of the meeting',
      tags: ['b', 'a', 'quote " and , comma'],
      visibility: 'restricted',
      recipients: ['ada@EXAMPLE.org', 'nobody@example.org'],
      expiresAt: '2099-01-01T00:00:00.000Z',
      maxDownloads: 3,
      chatId: 'c-1',
      groupId: 'g-1',
    };
    const [granted, plain] = await Promise.all([waiting(said), waiting()]);
    await together([granted!, plain!]);
    const [file] = await world.query(
      `SELECT title, description, tags, visibility, expires_at, max_downloads, chat_id, group_id, search_name
       FROM files WHERE id = $1`,
      [granted.fileId],
    );
    expect(file).toEqual({
      title: 'Minutes',
      description: 'of the meeting',
      tags: ['b', 'a', 'quote " and , comma'],
      visibility: 'restricted',
      expires_at: new Date('2099-01-01T00:00:00.000Z'),
      max_downloads: 3,
      chat_id: 'c-1',
      group_id: 'g-1',
      search_name: 'a.txt',
    });
    const grants = await world.query(
      `SELECT email, file_grants.name, file_grants.size, file_grants.created_at = files.created_at AS as_file
       FROM file_grants JOIN files ON files.id = file_id WHERE file_id = $1 ORDER BY email`,
      [granted.fileId],
    );
    expect(grants).toEqual(
      ['ada@EXAMPLE.org', 'nobody@example.org'].map((email) => ({
        email,
        name: 'a.txt',
        size: 1000,
        as_file: true,
      })),
    );
    expect(await eventsOf([granted.uploadId, granted.fileId])).toEqual([
      'upload.created',
      'upload.received',
      'file.available',
      'file.granted',
      'upload.completed',
    ]);
    const told = await world.query(
      `SELECT actor_id, owner_id, data FROM events WHERE type = 'file.granted' AND subject_id = $1`,
      [granted.fileId],
    );
    expect(told).toEqual([
      {
        actor_id: world.principal.userId,
        owner_id: clientId,
        data: { fileId: granted.fileId, fileName: 'a.txt', userId: clientId },
      },
    ]);
    await expectFile(plain!);
  });

  it('are made without the one that was cancelled in its last moment', async () => {
    const uploads = await several(8);
    const [cancelled, ...others] = uploads as [Waiting, ...Waiting[]];
    around(cancelled.fileId, { durable: () => world.endings.cancel(world.principal, cancelled.uploadId) });
    await together(uploads);
    expect(await world.status(cancelled.uploadId)).toBe('cancelled');
    await expectNoFile(cancelled);
    expect(await objectsOf(cancelled)).toEqual(['staging dead', 'vault dead']);
    for (const other of others) await expectFile(other);
  });

  it('are made without the one that another has claimed since, whose file is his', async () => {
    const uploads = await several(8);
    const [late, ...others] = uploads as [Waiting, ...Waiting[]];
    let newest: Promise<SealingOutcome> | undefined;
    around(late.fileId, {
      durable: async () => {
        if (newest) return;
        await world.expireLeases(late.uploadId);
        newest = world.sealing.seal(late.uploadId, 1, context.signal);
        // Both come to be published at about the same time.
        while ((await world.repository.find(late.uploadId))!.attempt < 2);
      },
    });
    await together(uploads);
    expect(await newest).toMatchObject({ kind: 'completed' });
    expect(outcomes.filter(({ kind }) => kind === 'not-due')).toHaveLength(1);
    expect(await objectsOf(late)).toEqual(['staging dead', 'vault dead', 'vault live']);
    for (const upload of [late, ...others]) await expectFile(upload);
    expect(await eventsOf([late.fileId])).toEqual(['file.available']);
  });

  it('are made without the one whose staged bytes are damaged, which is tried again later', async () => {
    const uploads = await several(8);
    const [damaged, ...others] = uploads as [Waiting, ...Waiting[]];
    const [part] = await world.repository.parts(damaged.uploadId);
    const store = world.stores.default;
    const original = store.open;
    jest.spyOn(store, 'open').mockImplementation(async (key, expected) => {
      const reader = await original.call(store, key, expected);
      if (key !== part!.objectKey) return reader;
      return {
        size: reader.size,
        close: () => reader.close(),
        read: async (into, position) => {
          await reader.read(into, position);
          into[into.length - 1]! ^= 1;
        },
      };
    });
    await together(uploads);
    const row = await world.repository.find(damaged.uploadId);
    expect(row).toMatchObject({ status: 'received', failures: 1, attempt: 1 });
    expect(row!.retryAt!.getTime()).toBeGreaterThan(Date.now());
    await expectNoFile(damaged);
    expect(await objectsOf(damaged)).toEqual(['staging live', 'vault dead']);
    expect(asked.find(({ name }) => name === 'upload.seal')).toMatchObject({
      data: { uploadId: damaged.uploadId, attempt: 1 },
      delayMs: expect.any(Number),
    });
    for (const other of others) await expectFile(other);
  });

  it('are made without the one that the store has no room for', async () => {
    const uploads = await several(8);
    const [refused, ...others] = uploads as [Waiting, ...Waiting[]];
    around(refused.fileId, {
      create: () => {
        throw new AppError('STORAGE_FULL', 'The storage is full.');
      },
    });
    await together(uploads);
    expect(outcomes).toContainEqual(expect.objectContaining({ kind: 'postponed', code: 'STORAGE_FULL' }));
    expect(await world.status(refused.uploadId)).toBe('received');
    for (const other of others) await expectFile(other);
    jest.restoreAllMocks();
    await world.query('UPDATE uploads SET retry_at = now() WHERE id = $1', [refused.uploadId]);
    await processor.seal({ uploadId: refused.uploadId, attempt: 1 }, context);
    await expectFile(refused);
  });

  it('are made without the one that the database refuses', async () => {
    const uploads = await several(8);
    const [refused, ...others] = uploads as [Waiting, ...Waiting[]];
    await world.query(
      `UPDATE uploads SET attributes = attributes || '{"visibility": "everybody"}' WHERE id = $1`,
      [refused.uploadId],
    );
    await together(uploads);
    expect(await world.repository.find(refused.uploadId)).toMatchObject({ status: 'received', failures: 1 });
    await expectNoFile(refused);
    for (const other of others) await expectFile(other);
  });

  it('are made without the one whose object was given up meanwhile', async () => {
    const uploads = await several(8);
    const [swept, ...others] = uploads as [Waiting, ...Waiting[]];
    around(swept.fileId, {
      durable: () => world.objects.withdraw(`vault/${swept.fileId}/1`, world.stores.default.driver),
    });
    await together(uploads);
    expect(outcomes).toContainEqual(expect.objectContaining({ kind: 'postponed', code: 'CONFLICT' }));
    await expectNoFile(swept);
    for (const other of others) await expectFile(other);
  });

  it('are each sealed once, however many jobs name them, alone or together', async () => {
    const uploads = await several(12);
    await Promise.all([
      together(uploads),
      together([...uploads, ...uploads].reverse()),
      ...uploads.map(({ uploadId }) => processor.seal({ uploadId, attempt: 0 }, context)),
      together(uploads.slice(3)),
    ]);
    expect(outcomes.filter(({ kind }) => kind === 'completed')).toHaveLength(uploads.length);
    expect(outcomes.every(({ kind }) => kind === 'completed' || kind === 'not-due')).toBe(true);
    for (const upload of uploads) {
      await expectFile(upload);
      expect(await eventsOf([upload.fileId])).toEqual(['file.available']);
    }
    await together(uploads);
    expect(outcomes.filter(({ kind }) => kind === 'completed')).toHaveLength(uploads.length);
  });

  it('are found again, and asked for alone, when their worker was killed between claim and publication', async () => {
    const uploads = await several(5);
    const { execute } = world.database;
    let reached = 0;
    const dead: ((error: Error) => void)[] = [];
    jest.spyOn(world.database, 'execute').mockImplementation((statement, ...rest) => {
      if (statement.name !== 'publish-sealed')
        return execute.call(world.database, statement, ...rest) as never;
      reached += JSON.parse(rest[0]![0] as string).length as number;
      return new Promise<never>((_resolve, reject) => dead.push(reject));
    });
    const killed = together(uploads);
    // All who come after the first wait for its statement.
    while (reached === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await statusesOf(uploads)).toEqual(uploads.map(() => 'encrypting'));
    jest.restoreAllMocks();
    for (const { uploadId } of uploads) await world.expireLeases(uploadId);
    world.jobs.splice(0);
    await world.reconciler.run();
    const ids = uploads.map(({ uploadId }) => uploadId);
    const jobs = world.jobs.filter(({ name, data }) => name === 'upload.seal' && ids.includes(data.uploadId));
    expect(jobs.map(({ data }) => (data as { attempt: number }).attempt)).toEqual(ids.map(() => 1));
    expect(world.jobs.filter(({ name }) => name === 'uploads.seal')).toEqual([]);
    const another = worker();
    for (const { data } of jobs as Extract<Job, { name: 'upload.seal' }>[]) await another.seal(data, context);
    for (const upload of uploads) {
      await expectFile(upload);
      expect(await world.repository.find(upload.uploadId)).toMatchObject({ attempt: 2, deaths: 1 });
    }
    for (const end of dead) end(new Error('killed'));
    await killed;
    for (const upload of uploads) await expectFile(upload);
  });

  it('fail together when the database is away, and none is lost', async () => {
    const uploads = await several(6);
    const { execute } = world.database;
    jest.spyOn(world.database, 'execute').mockImplementation((statement, ...rest) => {
      if (statement.name === 'publish-sealed') return Promise.reject(new Error('Connection terminated'));
      return execute.call(world.database, statement, ...rest) as never;
    });
    await together(uploads);
    jest.restoreAllMocks();
    expect(await statusesOf(uploads)).toEqual(uploads.map(() => 'received'));
    for (const { uploadId } of uploads) {
      await world.query('UPDATE uploads SET retry_at = now() WHERE id = $1', [uploadId]);
      await processor.seal({ uploadId, attempt: 1 }, context);
    }
    for (const upload of uploads) await expectFile(upload);
  });

  it('are each told of a claim that the database refused for what another said', async () => {
    const uploads = await several(3);
    const sealing = processor.sealTogether(
      { uploads: [...uploads.map(({ uploadId }) => ({ uploadId })), { uploadId: 'not an id' }] },
      context,
    );
    await expect(sealing).rejects.toThrow('invalid input syntax for type uuid');
    for (const upload of uploads) await expectFile(upload);
  });
});
