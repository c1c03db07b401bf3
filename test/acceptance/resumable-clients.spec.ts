import { createHash } from 'node:crypto';
import { largeDocument } from '../fixtures/documents';
import { TusClient, uploadByTusJs, UnreliableProxy, uploadIdOf } from '../support/tus';
import { assertInvariants, TestSystem, type ApiClient } from '../support/system';

jest.setTimeout(60_000);

const MIB = 1024 * 1024;
const document = Buffer.concat([...largeDocument(8 * MIB)]);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

let system: TestSystem;
let owner: ApiClient;

beforeAll(async () => {
  system = await TestSystem.start({ apis: 2 });
  owner = await system.client('ops');
}, 120_000);
afterAll(async () => {
  await system?.stop();
}, 30_000);

async function expectDocument(path: string): Promise<void> {
  const { fileId } = await owner.waitForStatus(uploadIdOf(path), 'completed');
  expect(sha256((await owner.get(`/api/files/${fileId}/content`)).bytes)).toBe(sha256(document));
}

describe('tus-js-client', () => {
  it.each<[how: string, options: Parameters<typeof uploadByTusJs>[2]]>([
    ['in one PATCH', {}],
    ['in chunks', { chunkSize: 3 * MIB }],
    ['with data along with the creation', { chunkSize: 3 * MIB, more: { uploadDataDuringCreation: true } }],
    ['all of it along with the creation', { more: { uploadDataDuringCreation: true } }],
    ['without knowing the length', { chunkSize: 3 * MIB, more: { uploadLengthDeferred: true } }],
    ['by POST in place of PATCH', { chunkSize: 3 * MIB, more: { overridePatchMethod: true } }],
    ['with request ids', { more: { addRequestId: true } }],
  ])('U01 uploads %s', async (_how, options) => {
    await expectDocument(await uploadByTusJs(owner, document, options));
  });

  it('U01 resumes what it has paused, at another instance', async () => {
    const path = await uploadByTusJs(owner, document, {
      chunkSize: MIB,
      onChunk: (bytes) => bytes >= 4 * MIB,
    });
    expect(await new TusClient(owner).offset(path)).toBe(4 * MIB);
    const uploadUrl = `${system.urls[1]}${path}`;
    await uploadByTusJs(owner, document, { chunkSize: MIB, more: { uploadUrl } });
    await expectDocument(path);
  });

  it('U01 terminates', async () => {
    const path = await uploadByTusJs(owner, document, { chunkSize: MIB, onChunk: () => true });
    const { Upload } = require('tus-js-client') as {
      Upload: { terminate(url: string, options: object): Promise<void> };
    };
    await Upload.terminate(`${owner.baseUrl}${path}`, {
      headers: { Authorization: `Bearer ${owner.token}` },
    });
    expect((await new TusClient(owner).head(path)).status).toBe(410);
  });

  it('U01 learns at once, and does not try again, that a file is refused', async () => {
    const refused = uploadByTusJs(owner, document, { metadata: { filename: 'program.exe' } });
    await expect(refused).rejects.toMatchObject({
      originalResponse: expect.anything(),
      message: expect.stringContaining('UNSUPPORTED_FILE_TYPE'),
    });
  });

  it('U01 gets through a network that resets 20 connections, from instance to instance', async () => {
    const proxy: UnreliableProxy = await UnreliableProxy.start(
      () => system.urls,
      () => (proxy.resets < 20 ? 50_000 + Math.floor(Math.random() * 300_000) : Infinity),
    );
    try {
      const endpoint = `${proxy.url}/api/upload/resumable`;
      const path = await uploadByTusJs(owner, document, { endpoint, chunkSize: MIB, retries: 40 });
      expect(proxy.resets).toBe(20);
      await expectDocument(path);
    } finally {
      await proxy.stop();
    }
  });

  it('U01 leaves the house in order', async () => {
    await assertInvariants(system);
  });
});
