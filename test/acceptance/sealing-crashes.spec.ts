import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { largeDocument } from '../fixtures/documents';
import { sealedSize } from '@waybill/core/crypto';
import {
  assertInvariants,
  isStopped,
  OpenUpload,
  TestSystem,
  waitFor,
  withMoments,
  type ApiClient,
  type Moments,
} from '../support/system';

const MIB = 1024 * 1024;
const BYTES = 72 * MIB;

/** Where the worker dies, in this order, on one and the same upload: from the claim to after the commit. */
const DEATHS: Moments['crash'][] = [
  { at: 'before commit claimed' },
  { at: 'after commit claimed' },
  { at: 'before write vault' },
  { at: 'after write vault', nth: 20 },
  { at: 'after write vault', nth: 50 },
  { at: 'after sync vault' },
  { at: 'after rename vault' },
  { at: 'after sync vault-directory' },
  { at: 'before commit completed' },
  { at: 'after commit completed' },
];

let system: TestSystem;
let owner: ApiClient;
beforeAll(async () => {
  system = await TestSystem.start({
    workers: 0,
    env: { LEASE_SECONDS: '0.5', SWEEP_SECONDS: '0.3', UPLOAD_DOCUMENT_MAX_BYTES: String(128 * MIB) },
  });
  owner = await system.client('ops');
}, 60_000);
afterAll(() => system?.stop(), 30_000);

it('J01 a worker killed at ten points of one sealing: completed once, announced once, nothing left over', async () => {
  const hash = createHash('sha256');
  const upload = new OpenUpload(owner, BYTES);
  for (const chunk of largeDocument(BYTES)) {
    hash.update(chunk);
    await upload.send(chunk);
  }
  const { status, body } = await upload.finish();
  expect(status).toBe(201);
  const { uploadId, fileId } = body as { uploadId: string; fileId: string };

  for (const crash of DEATHS) {
    const worker = system.startWorker(0, withMoments({ crash }));
    await waitFor(`the worker to die ${crash!.at}`, async () => worker.exit);
    expect([crash, worker.exit]).toEqual([crash, { code: null, signal: 'SIGKILL' }]);
    await nothingHalfDone(uploadId, fileId, crash!.at === 'after commit completed');
  }
  await system.workerReady(system.startWorker());
  await owner.waitForStatus(uploadId, 'completed');
  await feedIsComplete();

  expect(await eventsOf(uploadId)).toEqual({
    'upload.created': 1,
    'upload.received': 1,
    'upload.completed': 1,
  });
  expect(await eventsOf(fileId)).toEqual({ 'file.available': 1 });
  const content = await owner.get(`/api/files/${fileId}/content`);
  expect(createHash('sha256').update(content.bytes).digest('hex')).toBe(hash.digest('hex'));
  await system.waitUntilSwept();
  const [file] = await system.query('SELECT object_key AS key FROM files WHERE id = $1', [fileId]);
  const stored = await system.storedFiles();
  expect(stored.map((path) => path.split('/').at(-1))).toEqual([
    file.key.slice('vault/'.length).replaceAll('/', '+'),
  ]);
  await assertInvariants(system);
}, 90_000);

it.each(['before rename vault', 'after sync vault-directory'])(
  'J01 a worker that froze %s and wakes up late neither wins nor harms the winner',
  async (at) => {
    await system.workers[0]!.stop();
    const plaintext = Buffer.concat([...largeDocument(3 * MIB)]);
    const { body } = await owner.upload(plaintext);
    const frozen = system.startWorker(0, withMoments({ freeze: { at } }));
    await waitFor(`the worker to freeze ${at}`, async () => isStopped(frozen.pid));
    await system.workerReady(system.startWorker(1));
    await owner.waitForStatus(body.uploadId, 'completed');
    frozen.signal('SIGCONT');
    await frozen.stop();
    await system.workers[1]!.stop();

    await system.workerReady(system.startWorker());
    await system.waitUntilSwept();
    const [{ attempt }] = await system.query('SELECT attempt FROM uploads WHERE id = $1', [body.uploadId]);
    expect(attempt).toBe(2);
    expect(await eventsOf(body.fileId)).toEqual({ 'file.available': 1 });
    const { bytes } = await owner.get(`/api/files/${body.fileId}/content`);
    expect(bytes.equals(plaintext)).toBe(true);
    await assertInvariants(system);
  },
  60_000,
);

it.each<[string, number]>([
  ['before commit claimed', 1],
  ['after commit claimed', 1],
  ['after write vault', 3],
  ['after rename vault', 7],
  ['before commit completed', 1],
  ['after commit completed', 1],
])(
  'J01 a worker killed %s, %d, while it seals small files together: each completed once, announced once',
  async (at, nth) => {
    for (const worker of system.workers) await worker?.stop();
    const contents = Array.from({ length: 12 }, (_, seed) =>
      Buffer.concat([...largeDocument(6_000, { seed })]),
    );
    const uploads = await Promise.all(
      contents.map(async (plaintext) => {
        const { status, body } = await owner.upload(plaintext);
        expect(status).toBe(201);
        return { plaintext, uploadId: body.uploadId as string, fileId: body.fileId as string };
      }),
    );
    const doomed = system.startWorker(0, withMoments({ crash: { at, nth } }));
    await waitFor(`the worker to die ${at}`, async () => doomed.exit);
    expect(doomed.exit).toEqual({ code: null, signal: 'SIGKILL' });

    await system.workerReady(system.startWorker());
    for (const { uploadId } of uploads) await owner.waitForStatus(uploadId, 'completed');
    await feedIsComplete();
    for (const { plaintext, uploadId, fileId } of uploads) {
      expect(await eventsOf(uploadId)).toEqual({
        'upload.created': 1,
        'upload.received': 1,
        'upload.completed': 1,
      });
      expect(await eventsOf(fileId)).toEqual({ 'file.available': 1 });
      const { bytes } = await owner.get(`/api/files/${fileId}/content`);
      expect(bytes.equals(plaintext)).toBe(true);
    }
    await system.waitUntilSwept();
    const [{ files }] = await system.query('SELECT count(*)::int AS files FROM files');
    expect(await system.storedFiles()).toHaveLength(files);
    await assertInvariants(system);
  },
  60_000,
);

/** Whatever stands under an object's own name is whole, and nobody is told of a file that is not published. */
async function nothingHalfDone(uploadId: string, fileId: string, published: boolean): Promise<void> {
  const [{ status }] = await system.query('SELECT status FROM uploads WHERE id = $1', [uploadId]);
  expect(status === 'completed').toBe(published);
  const answer = await owner.get(`/api/files/${fileId}/content`, { range: 'bytes=0-0' });
  expect(answer.status).toBe(published ? 206 : 409);
  for (const path of await system.storedFiles()) {
    if (!path.startsWith('vault/') || path.endsWith('~partial')) continue;
    const found = await stat(`${system.objectsDir}/${path}`);
    expect(found.size).toBe(sealedSize(BYTES));
  }
}

async function eventsOf(subjectId: string): Promise<Record<string, number>> {
  const rows = await system.query<{ type: string; n: number }>(
    `SELECT event.type, count(*)::int AS n FROM event_feed feed JOIN events event ON event.id = feed.event_id
     WHERE event.subject_id = $1 GROUP BY event.type`,
    [subjectId],
  );
  return Object.fromEntries(rows.map(({ type, n }) => [type, n]));
}

async function feedIsComplete(): Promise<void> {
  await waitFor('the feed to hold every event', async () => {
    const [row] = await system.query<{ n: number }>('SELECT count(*)::int AS n FROM event_outbox');
    return row!.n === 0;
  });
}
