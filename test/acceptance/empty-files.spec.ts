import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { filePart, form, rawRequest, requestHead, uploadHead, type RawAnswer } from '../support/raw';
import { ApiClient, assertInvariants, TestSystem } from '../support/system';

jest.setTimeout(60_000);

/** A header of 40 bytes and a tag of 16: there is something to be verified, although there is nothing to be read. */
const SEALED_BYTES = 56;
const NO_BYTES = createHash('sha256').update('').digest();

let system: TestSystem;
let ops: ApiClient;
let fileId: string;
let path: string;
let sealed: Buffer;

beforeAll(async () => {
  system = await TestSystem.start({ env: { UPLOAD_DOCUMENT_TYPES: 'txt,csv,docx,pdf,png,zip' } });
  ops = await system.client('ops');
}, 60_000);
afterAll(() => system?.stop(), 30_000);

async function send(fileName: string, type: string | null): Promise<RawAnswer> {
  const body = form(filePart('', { fileName, type }));
  return (await rawRequest(system.url, uploadHead({ length: body.length, token: ops.token }), body))!;
}

async function download(method: string, headers: [string, string][] = []): Promise<RawAnswer> {
  const all: [string, string][] = [
    ['Host', 'waybill.test'],
    ['Authorization', `Bearer ${ops.token}`],
    ...headers,
  ];
  return (await rawRequest(system.url, requestHead(`${method} /api/files/${fileId}/content`, all)))!;
}

describe('a file without a byte', () => {
  it('U13 is received, sealed and listed like any other', async () => {
    const answer = await send('empty.txt', 'text/plain');
    expect([answer.status, answer.json()]).toEqual([201, expect.objectContaining({ fileSize: 0 })]);
    fileId = answer.json().fileId;
    const progress = await ops.waitForStatus(answer.json().uploadId, 'completed');
    expect(progress).toMatchObject({ bytesUploaded: 0, totalBytes: 0, percentComplete: 100 });
    const { body } = await ops.get(`/api/files/${fileId}`);
    expect(body).toMatchObject({
      name: 'empty.txt',
      size: 0,
      sha256: NO_BYTES.toString('hex'),
      status: 'available',
    });
  });

  it('U13 has an object of exactly 56 bytes', async () => {
    const [row] = await system.query('SELECT object_key FROM files WHERE id = $1', [fileId]);
    path = (await system.pathOf(row.object_key))!;
    sealed = await readFile(path);
    expect(sealed.length).toBe(SEALED_BYTES);
    expect(sealed[0]).toBe(40);
  });

  it.each<[method: string, headers: [string, string][]]>([
    ['GET', []],
    ['HEAD', []],
    ['GET', [['Range', 'bytes=-5']]],
  ])('U13 is handed out as nothing: %s %j', async (method, headers) => {
    const answer = await download(method, headers);
    expect([answer.status, answer.body.length, answer.all('Content-Length')]).toEqual([200, 0, ['0']]);
    expect(answer.all('Repr-Digest')).toEqual([`sha-256=:${NO_BYTES.toString('base64')}:`]);
    expect(answer.all('ETag')).toEqual([`"${NO_BYTES.toString('base64url')}"`]);
  });

  it('U13 has no first byte to ask for', async () => {
    const answer = await download('GET', [['Range', 'bytes=0-0']]);
    expect([answer.status, answer.all('Content-Range')]).toEqual([416, ['bytes */0']]);
  });

  it('U13 is refused when any of its 56 bytes was changed, or one is missing or too many', async () => {
    const tampered = [...sealed.keys()].map((at) => {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1 << (at % 8);
      return [`byte ${at}`, changed] as const;
    });
    const cut = [0, 1, 39, 40, 55].map((length) => [`${length} bytes`, sealed.subarray(0, length)] as const);
    for (const [what, bytes] of [
      ...tampered,
      ...cut,
      ['57 bytes', Buffer.concat([sealed, Buffer.of(0)])] as const,
    ]) {
      await writeFile(path, bytes);
      const answer = await download('GET');
      expect([what, answer.status, answer.json().code]).toEqual([what, 500, 'INTEGRITY_FAILURE']);
      await system.query(`UPDATE files SET status = 'available' WHERE id = $1`, [fileId]);
    }
    await writeFile(path, sealed);
    expect((await download('GET')).status).toBe(200);
  });

  it.each([
    ['table.csv', 'text/csv', 201],
    ['undeclared.txt', null, 201],
    ['empty.docx', null, 415],
    ['empty.pdf', 'application/pdf', 415],
    ['empty.png', 'image/png', 415],
    ['empty.zip', 'application/zip', 415],
  ])('U13 %s (%s) is answered %i', async (name, type, status) => {
    const answer = await send(name, type);
    expect(answer.status).toBe(status);
    if (status === 201) await ops.waitForStatus(answer.json().uploadId, 'completed');
    else expect(answer.json().code).toBe('CONTENT_MISMATCH');
  });

  it('U13 leaves the house in order', async () => {
    await system.waitUntilSwept();
    await assertInvariants(system);
  });
});
