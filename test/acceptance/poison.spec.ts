import { readFile, writeFile } from 'node:fs/promises';
import { largeDocument } from '../fixtures/documents';
import { assertInvariants, TestSystem, type ApiClient } from '../support/system';

const ATTEMPTS = 3;
const BACKOFF_MS = 300;
/** The wait between two attempts is spread by a quarter either way. */
const SHORTEST = 0.75;

let system: TestSystem;
let owner: ApiClient;
beforeAll(async () => {
  system = await TestSystem.start({
    env: {
      SEALING_ATTEMPTS: String(ATTEMPTS),
      SEALING_BACKOFF_SECONDS: String(BACKOFF_MS / 1000),
      // One place for all, so that a job that blocks it would be seen to.
      SEALING_CONCURRENCY: '1',
    },
  });
  owner = await system.client('ops');
}, 60_000);
afterAll(() => system?.stop(), 30_000);

interface Poisoned {
  uploadId: string;
  fileId: string;
  plaintext: Buffer;
  damage(): Promise<void>;
  repair(): Promise<void>;
}

/** A received upload whose staged bytes can be damaged and put right again; the worker stands still. */
async function receive(seed: number): Promise<Poisoned> {
  await system.workers[0]!.stop();
  const plaintext = Buffer.concat([...largeDocument(300_000, { seed })]);
  const { body } = await owner.upload(plaintext);
  const [part] = await system.query('SELECT object_key AS key FROM upload_parts WHERE upload_id = $1', [
    body.uploadId,
  ]);
  const path = (await system.pathOf(part.key))!;
  const bytes = await readFile(path);
  const damaged = Buffer.from(bytes);
  damaged[bytes.length - 100]! ^= 1;
  return {
    uploadId: body.uploadId,
    fileId: body.fileId,
    plaintext,
    damage: () => writeFile(path, damaged),
    repair: () => writeFile(path, bytes),
  };
}

async function attemptsOf(uploadId: string): Promise<number> {
  const [row] = await system.query('SELECT attempt FROM uploads WHERE id = $1', [uploadId]);
  return row.attempt;
}

async function countEvents(type: string, subjectId: string): Promise<number> {
  const [row] = await system.query(
    'SELECT count(*)::int AS n FROM events WHERE type = $1 AND subject_id = $2',
    [type, subjectId],
  );
  return row.n;
}

/** When the worker said that an attempt at the upload has failed, in milliseconds. */
function failuresLogged(uploadId: string): number[] {
  return system.workers[0]!.output.split('\n')
    .filter((line) => line.includes(`Sealing ${uploadId}, attempt`))
    .map((line) => new Date((JSON.parse(line) as { time: string | number }).time).getTime());
}

it('J05 a job that always throws: bounded attempts with backoff, a code for the owner, and others flow', async () => {
  const poisoned = await receive(1);
  await poisoned.damage();
  await system.workerReady(system.startWorker());
  const others = await Promise.all(
    [2, 3, 4, 5].map((seed) => owner.upload(Buffer.concat([...largeDocument(50_000, { seed })]))),
  );
  for (const { body } of others) await owner.waitForStatus(body.uploadId, 'completed');

  const progress = await owner.waitForStatus(poisoned.uploadId, 'failed');
  expect(progress).toMatchObject({ status: 'failed', failureCode: 'SEALING_FAILED' });
  expect(await attemptsOf(poisoned.uploadId)).toBe(ATTEMPTS);
  expect(await countEvents('upload.failed', poisoned.uploadId)).toBe(1);
  const [first, second, third, ...more] = failuresLogged(poisoned.uploadId);
  expect(more).toEqual([]);
  expect(second! - first!).toBeGreaterThanOrEqual(BACKOFF_MS * SHORTEST);
  expect(third! - second!).toBeGreaterThanOrEqual(2 * BACKOFF_MS * SHORTEST);

  // No half-made object, no file, no bytes lost.
  await system.waitUntilSwept();
  expect((await owner.get(`/api/files/${poisoned.fileId}`)).status).toBe(404);
  await poisoned.repair();
  await assertInvariants(system);
}, 60_000);

it('J05 a retry is its owner’s alone, fails again while the cause is there, and works when it is gone', async () => {
  const poisoned = await receive(6);
  await poisoned.damage();
  await system.workerReady(system.startWorker());
  await owner.waitForStatus(poisoned.uploadId, 'failed');
  const retry = `/api/upload/retry/${poisoned.uploadId}`;

  const stranger = await system.client('ops');
  expect((await stranger.post(retry)).status).toBe(404);
  expect((await (await system.client('client')).post(retry)).status).toBe(403);
  expect((await system.anonymous().post(retry)).status).toBe(401);
  expect(await attemptsOf(poisoned.uploadId)).toBe(ATTEMPTS);

  expect((await owner.post(retry)).status).toBe(202);
  await owner.waitForStatus(poisoned.uploadId, 'failed');
  expect(await attemptsOf(poisoned.uploadId)).toBe(2 * ATTEMPTS);
  expect(await countEvents('upload.failed', poisoned.uploadId)).toBe(2);

  await poisoned.repair();
  const answers = await Promise.all([owner.post(retry), owner.post(retry), owner.post(retry)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409]);
  await owner.waitForStatus(poisoned.uploadId, 'completed');
  const { bytes } = await owner.get(`/api/files/${poisoned.fileId}/content`);
  expect(bytes.equals(poisoned.plaintext)).toBe(true);
  expect(await countEvents('upload.completed', poisoned.uploadId)).toBe(1);
  expect((await owner.post(retry)).status).toBe(409);
  await system.waitUntilSwept();
  await assertInvariants(system);
}, 60_000);
