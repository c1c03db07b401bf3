import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { largeDocument } from '../fixtures/documents';
import {
  assertInvariants,
  TestSystem,
  waitFor,
  withMoments,
  type ApiClient,
  type Moments,
} from '../support/system';

let system: TestSystem;
let owner: ApiClient;
let client: ApiClient;
beforeAll(async () => {
  system = await TestSystem.start({ env: { SWEEP_SECONDS: '0.3' } });
  owner = await system.client('ops');
  client = await system.client('client');
}, 60_000);
afterAll(() => system?.stop(), 30_000);

const document = (seed: number, bytes = 1_500_000): Buffer =>
  Buffer.concat([...largeDocument(bytes, { seed })]);

async function rowOf(fileId: string): Promise<any> {
  const [row] = await system.query('SELECT * FROM files WHERE id = $1', [fileId]);
  return row;
}

/** What the store takes of the disk, in bytes. */
async function diskUsage(): Promise<number> {
  let bytes = 0;
  for (const path of await system.storedFiles())
    bytes += (await stat(join(system.objectsDir, path))).blocks * 512;
  return bytes;
}

async function chargedTo({ user }: ApiClient & { user?: { id: string } }): Promise<number> {
  const [row] = await system.query('SELECT used_bytes::int AS n FROM storage_usage WHERE user_id = $1', [
    user!.id,
  ]);
  return row?.n ?? 0;
}

async function inFeed(type: string, fileId: string): Promise<any[]> {
  return system.query(
    `SELECT event.data, event.owner_id FROM event_feed feed JOIN events event ON event.id = feed.event_id
     WHERE event.type = $1 AND event.subject_id = $2`,
    [type, fileId],
  );
}

describe('a file that is deleted', () => {
  it('D01 loses its key at once and its bytes with the sweep; its disk is free, its event stays', async () => {
    const kept = await owner.uploadAndWait(document(1));
    await system.waitUntilSwept();
    const [disk, charged] = [await diskUsage(), await chargedTo(owner)];
    const plaintext = document(2);
    const { fileId } = await owner.uploadAndWait(plaintext);
    const link = await client.downloadLink(fileId);
    const { object_key: key } = await rowOf(fileId);
    expect(await system.pathOf(key)).not.toBeNull();
    expect((await client.get(link)).status).toBe(200);

    // Without a sweeper the bytes stay, and are worthless from the commit on.
    await system.workers[0]!.stop();
    expect((await owner.delete(`/api/files/${fileId}`)).status).toBe(204);
    expect(await rowOf(fileId)).toMatchObject({ wrapped_dek: null, deleted_at: expect.any(Date) });
    expect(await system.pathOf(key)).not.toBeNull();
    for (const answer of await askedFor(fileId, link)) expect(answer).toEqual([404, 'NOT_FOUND']);
    expect(await chargedTo(owner)).toBe(charged);

    await system.workerReady(system.startWorker());
    await waitFor('the bytes to be gone', async () => (await system.pathOf(key)) === null);
    await system.waitUntilSwept();
    expect(await diskUsage()).toBe(disk);
    expect(await system.query('SELECT 1 FROM objects WHERE key = $1', [key])).toEqual([]);
    for (const answer of await askedFor(fileId, link)) expect(answer).toEqual([404, 'NOT_FOUND']);
    await waitFor(
      'the deletion to be announced',
      async () => (await inFeed('file.deleted', fileId)).length > 0,
    );
    expect(await inFeed('file.deleted', fileId)).toMatchObject([
      { data: { fileId, fileName: 'document.docx' } },
    ]);
    expect((await owner.get(`/api/files/${kept.fileId}/content`)).status).toBe(200);
    await assertInvariants(system);
  }, 60_000);
});

describe('a file whose time is over', () => {
  it('D01 is gone for everybody at once, and its key and bytes with the sweep', async () => {
    await system.waitUntilSwept();
    const disk = await diskUsage();
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const { fileId } = await owner.uploadAndWait(document(3), { fields: { expiresAt } });
    await system.workers[0]!.stop(); // What comes next is not the sweeper's doing.
    const link = await client.downloadLink(fileId);
    const { object_key: key } = await rowOf(fileId);
    expect((await client.get(link)).status).toBe(200);

    // An hour passes.
    await system.query(`UPDATE files SET expires_at = expires_at - interval '1 hour' WHERE id = $1`, [
      fileId,
    ]);
    for (const answer of await askedFor(fileId, link)) expect(answer).toEqual([410, 'GONE']);
    expect(await system.pathOf(key)).not.toBeNull();

    await system.workerReady(system.startWorker());
    await waitFor('the bytes to be gone', async () => (await system.pathOf(key)) === null);
    await system.waitUntilSwept();
    expect(await diskUsage()).toBe(disk);
    expect(await rowOf(fileId)).toMatchObject({ wrapped_dek: null, deleted_at: expect.any(Date) });
    for (const answer of await askedFor(fileId, link)) expect(answer).toEqual([410, 'GONE']);
    await waitFor('the end to be announced', async () => (await inFeed('file.expired', fileId)).length > 0);
    await assertInvariants(system);
  }, 60_000);
});

/** What everybody who could have the file is answered: status and code. */
async function askedFor(fileId: string, link: string): Promise<[number, string][]> {
  const answers = [
    await owner.get(`/api/files/${fileId}`),
    await owner.get(`/api/files/${fileId}/content`),
    await client.get(`/api/files/${fileId}`),
    await client.post(`/api/files/${fileId}/download-link`),
    await system.anonymous().get(link),
  ];
  return answers.map(({ status, body }) => [status, body?.code]);
}

describe('deletions that die half-way', () => {
  const DEAD = 24;

  /** Where the sweeper dies: before and after bytes, their directory's entry and their rows go. */
  const DEATHS: Moments['crash'][] = [
    { at: 'before unlink vault' },
    { at: 'before unlink vault', nth: 20 },
    { at: 'after unlink vault' },
    { at: 'after unlink vault', nth: 3 },
    { at: 'after sync vault-directory', nth: 2 },
    { at: 'before commit forgotten' },
    { at: 'after commit forgotten' },
  ];

  it.each([
    ['before the row is updated', 'before commit entombed', false],
    ['after the row was updated', 'after commit entombed', true],
  ])(
    'D06 the API dies %s: the file is there whole, or gone for good',
    async (_title, at, gone) => {
      const plaintext = document(4, 100_000);
      const { fileId } = await owner.uploadAndWait(plaintext);
      await system.apis[0]!.stop();
      const api = await system.startApi(0, withMoments({ crash: { at } }));
      await expect(owner.delete(`/api/files/${fileId}`)).rejects.toThrow();
      expect(await api.exited).toEqual({ code: null, signal: 'SIGKILL' });
      await system.startApi();
      const answer = await owner.get(`/api/files/${fileId}/content`);
      if (gone) expect(answer.status).toBe(404);
      else expect(answer.bytes.equals(plaintext)).toBe(true);
      await system.waitUntilSwept();
      await assertInvariants(system);
    },
    60_000,
  );

  it('D06 the sweeper dies between bytes and rows, seven times: the next one finishes, and takes nothing else', async () => {
    const plaintext = document(5, 20_000);
    const survivor = await owner.uploadAndWait(plaintext);
    const dead: string[] = [];
    for (let n = 0; n < DEAD; n++) dead.push((await owner.uploadAndWait(plaintext)).fileId);
    await system.waitUntilSwept();
    await system.workers[0]!.stop();
    for (const id of dead) expect((await owner.delete(`/api/files/${id}`)).status).toBe(204);

    const left = async (): Promise<number> =>
      (await system.query(`SELECT count(*)::int AS n FROM objects WHERE state = 'dead'`))[0].n;
    expect(await left()).toBe(DEAD);
    for (const crash of DEATHS) {
      const worker = system.startWorker(0, withMoments({ crash }));
      await waitFor(`the worker to die ${crash!.at}`, async () => worker.exit);
      expect(worker.exit).toEqual({ code: null, signal: 'SIGKILL' });
      // Rows go in batches, after all of their bytes: as long as the row is there, somebody comes back for the bytes.
      expect(await left()).toBe(crash!.at === 'after commit forgotten' ? 0 : DEAD);
      // Bytes gone, rows there: as a sweep stands that is under way.
      if (crash!.at === 'before commit forgotten') expect((await system.cli('fsck', '--json')).code).toBe(0);
    }
    await system.workerReady(system.startWorker());
    await system.waitUntilSwept();
    const { object_key: key } = await rowOf(survivor.fileId);
    for (const id of dead) expect(await system.pathOf((await rowOf(id)).object_key)).toBeNull();
    expect(await system.pathOf(key)).not.toBeNull();
    expect((await owner.get(`/api/files/${survivor.fileId}/content`)).bytes.equals(plaintext)).toBe(true);
    await assertInvariants(system);
  }, 90_000);
});

describe('a database that was restored', () => {
  it('D01 beside a store that has gone on sweeps nothing and says so, until an operator has looked', async () => {
    const { fileId } = await owner.uploadAndWait(document(7, 20_000));
    const { fileId: deleted } = await owner.uploadAndWait(document(8, 20_000));
    await system.waitUntilSwept();
    await waitFor('the store to be marked', async () => (await marked()) > 0);
    await system.workers[0]!.stop();
    const files = await Promise.all([fileId, deleted].map(rowOf));
    const paths = await Promise.all(files.map(({ object_key: key }) => system.pathOf(key)));
    await owner.delete(`/api/files/${deleted}`);
    await system.query(
      `UPDATE files SET created_at = created_at - interval '1 day', expires_at = now() - interval '1 hour' WHERE id = $1`,
      [fileId],
    );
    await writeFile(join(system.objectsDir, '~generation'), `${(await marked()) + 3}\n`);

    await system.workerReady(system.startWorker());
    const noted = async (): Promise<string[]> => (await owner.get('/api/health/ready')).body.notes;
    await waitFor('the alarm', async () => (await noted()).includes('SWEEP_DATABASE_OLDER'));
    for (let turn = 0; turn < 2; turn++) await aSweep();
    for (const path of paths) expect((await stat(path!)).size).toBeGreaterThan(20_000);
    expect(await rowOf(fileId)).toMatchObject({ deleted_at: null, wrapped_dek: expect.any(Buffer) });
    expect((await system.cli('sweep:resume', '--status')).code).toBe(1);
    expect(JSON.stringify(await system.cli('fsck', '--json'))).toContain('DATABASE_OLDER');

    expect(await system.cli('sweep:resume')).toMatchObject({ code: 0 });
    expect(await system.query(`SELECT outcome FROM audit_log WHERE action = 'sweep.resumed'`)).toHaveLength(
      1,
    );
    await waitFor('both to be gone', async () => {
      const left = await Promise.all(files.map(({ object_key: key }) => system.pathOf(key)));
      return left.every((path) => path === null);
    });
    expect(await noted()).toEqual([]);
    await assertInvariants(system);
  }, 60_000);
});

async function marked(): Promise<number> {
  return Number(await readFile(join(system.objectsDir, '~generation'), 'utf8').catch(() => '0'));
}

/** Waits until a sweep has begun after this call, and gone past what it may not delete: it forgets what is long over. */
async function aSweep(): Promise<void> {
  const [{ id }] = await system.query(
    `INSERT INTO deliveries (id, subject_id, file_ids, client, size, started_at)
     VALUES (gen_random_uuid(), gen_random_uuid(), '{}', '\\x00', 1, now() - interval '60 days') RETURNING id`,
  );
  await waitFor('a sweep', async () => {
    return (await system.query('SELECT FROM deliveries WHERE id = $1', [id])).length === 0;
  });
}
