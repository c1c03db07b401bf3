import { createHash } from 'node:crypto';
import { largeDocument } from '../fixtures/documents';
import { TusClient, UnreliableProxy, uploadByTusJs, uploadIdOf, uploadThroughKills } from '../support/tus';
import { assertInvariants, TestSystem, type ApiClient } from '../support/system';

jest.setTimeout(900_000);

const MIB = 1024 * 1024;
const bytes = Buffer.concat([...largeDocument(64 * MIB)]);
const sha256 = (of: Buffer): string => createHash('sha256').update(of).digest('hex');

let system: TestSystem;
let owner: ApiClient;

beforeAll(async () => {
  system = await TestSystem.start({ apis: 2, env: { UPLOAD_PART_SECONDS: '0.3', LEASE_SECONDS: '2' } });
  owner = await system.client('ops');
}, 120_000);
afterAll(async () => {
  await system?.stop();
}, 30_000);

async function expectWhole(path: string): Promise<void> {
  const { fileId } = await owner.waitForStatus(uploadIdOf(path), 'completed', 120_000);
  expect(sha256((await owner.get(`/api/files/${fileId}/content`)).bytes)).toBe(sha256(bytes));
}

it('U07 64 MiB, killed at 20 random points', async () => {
  const tus = new TusClient(owner);
  await expectWhole(await uploadThroughKills(system, tus, { bytes, kills: 20, acknowledged: MIB }));
});

it('U07 64 MiB in chunks of 1 MiB by tus-js-client, its connection reset at 20 random points', async () => {
  const proxy: UnreliableProxy = await UnreliableProxy.start(
    () => system.urls,
    () => (proxy.resets < 20 ? Math.floor(Math.random() * 5 * MIB) + 10_000 : Infinity),
  );
  try {
    const endpoint = `${proxy.url}/api/upload/resumable`;
    await expectWhole(await uploadByTusJs(owner, bytes, { endpoint, chunkSize: MIB, retries: 60 }));
    expect(proxy.resets).toBe(20);
  } finally {
    await proxy.stop();
  }
});

it('U07 leaves the house in order', async () => {
  await assertInvariants(system);
});
