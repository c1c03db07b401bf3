import { largeDocument } from '../fixtures/documents';
import {
  assertInvariants,
  OpenUpload,
  TestSystem,
  waitFor,
  type ApiClient,
  type TestUser,
} from '../support/system';

/** The acceptance list says five seconds; we promise one, and leave a busy machine some room. */
const AT_ONCE_MS = 2_500;
const MiB = 1024 * 1024;

let system: TestSystem;
let owner: ApiClient & { user: TestUser };
/** The same person, at the other instance. */
let elsewhere: ApiClient;

beforeAll(async () => {
  // The lease is long, so that nobody hears of a cancellation by it.
  system = await TestSystem.start({ apis: 2, env: { LEASE_SECONDS: '60', UPLOAD_PART_SECONDS: '0.2' } });
  owner = await system.client('ops');
  elsewhere = owner.at(system.urls[1]!);
}, 120_000);
afterAll(() => system?.stop(), 30_000);

async function nothingIsLeftOf(uploadId: string): Promise<void> {
  expect((await owner.get(`/api/upload/progress/${uploadId}`)).body.status).toBe('cancelled');
  const [usage] = await system.query('SELECT used_bytes::int AS n FROM storage_usage WHERE user_id = $1', [
    owner.user.id,
  ]);
  expect(usage?.n ?? 0).toBe(0);
  expect(await system.query('SELECT 1 FROM upload_parts WHERE upload_id = $1', [uploadId])).toEqual([]);
  await system.waitUntilSwept();
  expect(await system.storedFiles()).toEqual([]);
  const events = await system.query('SELECT type FROM events WHERE subject_id = $1 ORDER BY id', [uploadId]);
  expect(events.map(({ type }) => type)).not.toContain('upload.completed');
  expect(events.filter(({ type }) => type === 'upload.cancelled')).toHaveLength(1);
}

it('U19 a transfer that is cancelled on another instance ends at once, and leaves nothing', async () => {
  const upload = new OpenUpload(owner, 8 * MiB);
  await upload.send(Buffer.alloc(2 * MiB, 'a'));
  await waitFor('some bytes to be durable', async () => {
    const { body } = await elsewhere.get(`/api/upload/progress/${upload.uploadId}`);
    return body.bytesUploaded > 0;
  });
  const cancelled = await elsewhere.post(`/api/upload/cancel/${upload.uploadId}`);
  expect([cancelled.status, cancelled.body]).toEqual([
    200,
    { success: true, uploadId: upload.uploadId, status: 'cancelled' },
  ]);
  const began = performance.now();
  expect(await upload.answered).toMatchObject({ status: 410, body: { code: 'GONE' } });
  expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
  expect((await owner.post(`/api/upload/cancel/${upload.uploadId}`)).status).toBe(200);
  await nothingIsLeftOf(upload.uploadId);
  await assertInvariants(system);
}, 120_000);

it('U19 a sealing that is cancelled stops at once, and never comes to an end', async () => {
  const [worker] = system.workers;
  const document = Buffer.concat([...largeDocument(60 * MiB)]);
  worker!.signal('SIGSTOP');
  const answer = await owner.upload(document);
  expect(answer.status).toBe(201);
  const { uploadId } = answer.body as { uploadId: string };
  worker!.signal('SIGCONT');
  await waitFor(
    'the sealing to have begun',
    async () => {
      const { body } = await elsewhere.get(`/api/upload/progress/${uploadId}`);
      if (body.status === 'completed') throw new Error('It was too fast to be cancelled.');
      return body.status === 'encrypting';
    },
    { everyMs: 5 },
  );
  expect((await elsewhere.post(`/api/upload/cancel/${uploadId}`)).status).toBe(200);
  await nothingIsLeftOf(uploadId);
  await assertInvariants(system);
}, 120_000);

it('U19 what is completed cannot be cancelled any more', async () => {
  const { uploadId } = await owner.uploadAndWait(Buffer.concat([...largeDocument(20_000)]));
  const answer = await elsewhere.post(`/api/upload/cancel/${uploadId}`);
  expect([answer.status, answer.body.code]).toEqual([409, 'UPLOAD_NOT_CANCELLABLE']);
  expect((await owner.get(`/api/upload/progress/${uploadId}`)).body.status).toBe('completed');
}, 120_000);
