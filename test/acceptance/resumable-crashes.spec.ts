import { createHash } from 'node:crypto';
import { largeDocument } from '../fixtures/documents';
import { TusClient, uploadIdOf, uploadThroughKills } from '../support/tus';
import { assertInvariants, TestSystem, withMoments, type ApiClient } from '../support/system';

jest.setTimeout(120_000);

const MIB = 1024 * 1024;
const bytes = Buffer.concat([...largeDocument(6 * MIB)]);
const sha256 = (of: Buffer): string => createHash('sha256').update(of).digest('hex');

let system: TestSystem;
let owner: ApiClient;
let tus: TusClient;

beforeAll(async () => {
  system = await TestSystem.start({
    env: { UPLOAD_PART_SECONDS: '0.1', UPLOAD_PART_BYTES: String(256 * 1024), LEASE_SECONDS: '2' },
  });
  owner = await system.client('ops');
  tus = new TusClient(owner);
}, 120_000);
afterAll(async () => {
  await system?.stop();
}, 30_000);

async function expectWhole(path: string): Promise<void> {
  const { fileId } = await owner.waitForStatus(uploadIdOf(path), 'completed');
  expect(sha256((await owner.get(`/api/files/${fileId}/content`)).bytes)).toBe(sha256(bytes));
}

it('U07 resumes after kill -9 at any point: nothing acknowledged is lost, nothing comes twice', async () => {
  await expectWhole(await uploadThroughKills(system, tus, { bytes, kills: 4, acknowledged: 100_000 }));
});

it.each([
  ['before the last bytes count', 'before commit part+received', 0],
  ['when they count, and nobody was told', 'after commit part+received', 1],
  ['when they were checked, and nobody was told', 'before answer 204', 1],
])('U07 killed %s: what the next HEAD says is so', async (_when, at, all) => {
  await system.apis[0]!.stop();
  await system.startApi(0, withMoments({ crash: { at } }));
  const small = bytes;
  const path = await tus.begin(small.length);
  // In one part, so that it is the last one.
  const most = small.length - 100_000;
  if (at !== 'before answer 204')
    expect((await tus.patch(path, 0, small.subarray(0, most))).status).toBe(204);
  const offset = at === 'before answer 204' ? 0 : most;
  await expect(tus.patch(path, offset, small.subarray(offset))).rejects.toThrow();
  await system.apis[0]!.exited;
  await system.startApi();
  const now = await tus.offset(path);
  if (all) expect(now).toBe(small.length);
  else expect(now).toBe(most);
  // Whoever hears that all of it is there asks for nothing more; it becomes a file by itself.
  if (now < small.length) expect((await tus.patch(path, now, small.subarray(now))).status).toBe(204);
  await expectWhole(path);
});

it('U07 leaves the house in order', async () => {
  await system.waitUntilSwept();
  await assertInvariants(system);
});
