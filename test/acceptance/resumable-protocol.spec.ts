import { createHash, randomUUID } from 'node:crypto';
import { largeDocument } from '../fixtures/documents';
import { metadata, OpenPatch, TUS, TusClient, uploadIdOf, type TusHeaders } from '../support/tus';
import { assertInvariants, TestSystem, waitFor, type ApiClient } from '../support/system';

jest.setTimeout(60_000);

const document = Buffer.concat([...largeDocument(200_000)]);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

let system: TestSystem;
let owner: ApiClient;
let tus: TusClient;

beforeAll(async () => {
  system = await TestSystem.start({
    env: { UPLOAD_DOCUMENT_MAX_BYTES: String(1024 * 1024), UPLOAD_MEDIA_MAX_BYTES: String(2 * 1024 * 1024) },
  });
  owner = await system.client('ops');
  tus = new TusClient(owner);
}, 120_000);
afterAll(async () => {
  await system?.stop();
}, 30_000);

/** What the file has become of, as its owner reads it. */
async function contentOf(path: string): Promise<Buffer> {
  const { fileId } = await owner.waitForStatus(uploadIdOf(path), 'completed');
  return (await owner.get(`/api/files/${fileId}/content`)).bytes;
}

describe('the resumable door', () => {
  it('U01 tells what it can', async () => {
    for (const path of [TUS, `${TUS}/${randomUUID()}`]) {
      const answer = await system.anonymous().request('OPTIONS', path);
      expect(answer.status).toBe(204);
      const headers = Object.fromEntries(answer.headers);
      expect(headers).toMatchObject({
        'tus-resumable': '1.0.0',
        'tus-version': '1.0.0',
        'tus-max-size': String(2 * 1024 * 1024),
        'tus-checksum-algorithm': 'sha1,sha256',
      });
      expect(headers['tus-extension']!.split(',').sort()).toEqual([
        'checksum',
        'creation',
        'creation-defer-length',
        'creation-with-upload',
        'expiration',
        'termination',
      ]);
    }
  });

  it.each([
    ['nobody', 401],
    ['a client', 403],
  ])('U01 names its version to %s, too, who is refused before the door', async (who, status) => {
    const caller = status === 401 ? system.anonymous() : await system.client('client');
    for (const [method, path] of [
      ['POST', TUS],
      ['HEAD', `${TUS}/${randomUUID()}`],
      ['PATCH', `${TUS}/${randomUUID()}`],
    ] as const) {
      const answer = await caller.request(method, path);
      expect([who, method, answer.status, answer.headers.get('tus-resumable')]).toEqual([
        who,
        method,
        status,
        '1.0.0',
      ]);
    }
  });

  it('U01 takes a file in pieces, and tells how far it is', async () => {
    const said = metadata({
      filename: 'Ünïcode.docx',
      filetype: 'application/octet-stream',
      title: 'Paper',
      tags: 'a,b',
    });
    const created = await tus.create(document.length, { 'upload-metadata': said });
    expect(created.status).toBe(201);
    const path = created.headers.get('location')!;
    expect(path).toMatch(/^\/api\/upload\/resumable\/[0-9a-f-]{36}$/);
    const day = 24 * 3_600_000;
    const expires = Date.parse(created.headers.get('upload-expires')!) - Date.now();
    expect(expires).toBeGreaterThan(day - 60_000);
    expect(expires).toBeLessThanOrEqual(day);

    const half = Math.floor(document.length / 2);
    const first = await tus.patch(path, 0, document.subarray(0, half));
    expect([first.status, first.headers.get('upload-offset')]).toEqual([204, String(half)]);
    expect(first.headers.get('upload-expires')).not.toBeNull();

    const head = await tus.head(path);
    expect([head.status, Object.fromEntries(head.headers)]).toEqual([
      200,
      expect.objectContaining({
        'tus-resumable': '1.0.0',
        'cache-control': 'no-store',
        'upload-offset': String(half),
        'upload-length': String(document.length),
        'upload-metadata': said,
        'upload-expires': expect.any(String),
      }),
    ]);
    expect(head.headers.get('upload-defer-length')).toBeNull();

    const last = await tus.patch(path, half, document.subarray(half));
    expect([last.status, last.headers.get('upload-offset')]).toEqual([204, String(document.length)]);
    expect(last.headers.get('upload-expires')).toBeNull();
    expect(sha256(await contentOf(path))).toBe(sha256(document));
    const { body } = await owner.get('/api/files?limit=1');
    expect(body.items[0]).toMatchObject({ name: 'Ünïcode.docx', title: 'Paper', tags: ['a', 'b'] });

    const done = await tus.head(path);
    expect([done.status, done.headers.get('upload-offset')]).toEqual([200, String(document.length)]);
    expect(done.headers.get('upload-expires')).toBeNull();
    const again = await tus.patch(path, document.length, Buffer.alloc(0));
    expect([again.status, again.headers.get('upload-offset')]).toEqual([204, String(document.length)]);
    expect((await tus.terminate(path)).body?.code).toBe('UPLOAD_NOT_CANCELLABLE');
    expect((await tus.patch(path, document.length, Buffer.from('more'))).status).toBe(413);
  });

  it('U01 takes bytes along with the creation, all of them or some', async () => {
    const whole = await tus.create(document.length, {}, document);
    expect([whole.status, whole.headers.get('upload-offset')]).toEqual([201, String(document.length)]);
    expect(sha256(await contentOf(whole.headers.get('location')!))).toBe(sha256(document));

    const some = await tus.create(document.length, {}, document.subarray(0, 1000));
    expect([some.status, some.headers.get('upload-offset')]).toEqual([201, '1000']);
    const path = some.headers.get('location')!;
    expect((await tus.patch(path, 1000, document.subarray(1000))).status).toBe(204);
    expect(sha256(await contentOf(path))).toBe(sha256(document));
  });

  it('U01 learns a deferred length with any PATCH, once', async () => {
    const path = await tus.begin(null);
    expect((await tus.patch(path, 0, document.subarray(0, 1000))).status).toBe(204);
    const head = await tus.head(path);
    expect([head.headers.get('upload-defer-length'), head.headers.get('upload-length')]).toEqual(['1', null]);
    const said = { 'upload-length': String(document.length) };
    const less = await tus.patch(path, 1000, Buffer.from('x'), { 'upload-length': '999' });
    expect([less.status, await tus.offset(path)]).toEqual([400, 1000]);
    expect((await tus.patch(path, 1000, document.subarray(1000, 2000), said)).status).toBe(204);
    expect((await tus.head(path)).headers.get('upload-length')).toBe(String(document.length));
    expect((await tus.patch(path, 2000, document.subarray(2000), said)).status).toBe(400);
    expect((await tus.patch(path, 2000, document.subarray(2000))).status).toBe(204);
    expect(sha256(await contentOf(path))).toBe(sha256(document));
  });

  it('U01 is complete when the length is said after the last byte', async () => {
    const path = await tus.begin(null);
    expect((await tus.patch(path, 0, document)).status).toBe(204);
    const said = { 'upload-length': String(document.length) };
    expect((await tus.patch(path, document.length, Buffer.alloc(0), said)).status).toBe(204);
    expect(sha256(await contentOf(path))).toBe(sha256(document));
  });

  const LENGTH = document.length;
  it.each<[what: string, headers: TusHeaders, status: number]>([
    ['no version', { 'tus-resumable': undefined }, 412],
    ['another version', { 'tus-resumable': '0.2.2' }, 412],
    ['a negative length', { 'upload-length': '-1' }, 400],
    ['an exponent', { 'upload-length': '1e3' }, 400],
    ['a length beyond what numbers hold', { 'upload-length': '9007199254740993' }, 400],
    ['a length beyond all limits', { 'upload-length': '9007199254740991' }, 413],
    ['two lengths', { 'upload-length': '5,5' }, 400],
    ['a fraction', { 'upload-length': '1.5' }, 400],
    ['a hexadecimal length', { 'upload-length': '0x10' }, 400],
    ['an empty length', { 'upload-length': '' }, 400],
    ['a length and its deferral', { 'upload-defer-length': '1' }, 400],
    ['neither', { 'upload-length': undefined }, 400],
    ['another deferral', { 'upload-length': undefined, 'upload-defer-length': '2' }, 400],
    ['more than the policy has', { 'upload-length': String(1024 * 1024 + 1) }, 413],
    ['no byte of what cannot be empty', { 'upload-length': '0' }, 415],
    ['a part of a concatenation', { 'upload-concat': 'partial' }, 400],
    ['a final concatenation', { 'upload-concat': 'final;../../x' }, 400],
    ['no metadata', { 'upload-metadata': undefined }, 400],
    ['no name', { 'upload-metadata': metadata({ title: 'x' }) }, 400],
    ['another kind', { 'upload-metadata': metadata({ filename: 'a.exe' }) }, 415],
    [
      'another type than the name says',
      { 'upload-metadata': metadata({ filename: 'a.docx', filetype: 'video/mp4' }) },
      415,
    ],
    [
      'a name twice',
      { 'upload-metadata': `${metadata({ filename: 'a.docx' })},${metadata({ filename: 'b.docx' })}` },
      400,
    ],
    ['no Base64', { 'upload-metadata': 'filename a.docx' }, 400],
    ['Base64 without padding', { 'upload-metadata': 'filename YS5kb2N4,title YQ' }, 400],
    ['Base64 of URLs', { 'upload-metadata': 'filename YS5kb2N4,title _-__' }, 400],
    ['no UTF-8', { 'upload-metadata': 'filename YS5kb2N4,title /w==' }, 400],
    ['a lone surrogate', { 'upload-metadata': 'filename YS5kb2N4,title 7aCA' }, 400],
    ['NUL in the name', { 'upload-metadata': metadata({ filename: 'a\0.docx' }) }, 400],
    ['NUL in the title', { 'upload-metadata': metadata({ filename: 'a.docx', title: '\0' }) }, 400],
    [
      '__proto__',
      { 'upload-metadata': metadata({ filename: 'a.docx', ['__proto__']: 'x' }) + ',__proto__ eA==' },
      400,
    ],
    ['a key that nobody knows', { 'upload-metadata': metadata({ filename: 'a.docx', role: 'admin' }) }, 400],
    ['a key alone', { 'upload-metadata': `${metadata({ filename: 'a.docx' })},nobody` }, 400],
    ['a comma too many', { 'upload-metadata': `${metadata({ filename: 'a.docx' })},` }, 400],
    ['another category', { 'upload-metadata': metadata({ filename: 'a.docx', category: 'x' }) }, 400],
    [
      'media without its kind',
      { 'upload-metadata': metadata({ filename: 'a.mp4', category: 'media' }) },
      400,
    ],
    [
      'media of another kind',
      { 'upload-metadata': metadata({ filename: 'a.mp4', category: 'media', mediaKind: 'photo' }) },
      415,
    ],
    [
      'a time in the past',
      { 'upload-metadata': metadata({ filename: 'a.docx', expiresAt: '2001-01-01T00:00:00Z' }) },
      400,
    ],
  ])('U01 creates nothing with %s', async (_what, headers, status) => {
    const count = () => system.query('SELECT count(*)::int AS n FROM uploads');
    const before = await count();
    const answer = await tus.create(LENGTH, headers);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    expect(answer.headers.get('tus-resumable')).toBe('1.0.0');
    expect(answer.headers.get('location')).toBeNull();
    if (status === 412) expect(answer.headers.get('tus-version')).toBe('1.0.0');
    expect(await count()).toEqual(before);
  });

  it('U01 creates what Uppy says of a file', async () => {
    const said = metadata({
      relativePath: 'null',
      name: 'a.docx',
      type: 'application/octet-stream',
      filetype: 'application/octet-stream',
      filename: 'a.docx',
    });
    const path = await tus.begin(LENGTH, { 'upload-metadata': said });
    expect((await tus.terminate(path)).status).toBe(204);
  });

  it('U01 takes media by their own policy', async () => {
    const said = metadata({
      filename: 'a.mp4',
      category: 'media',
      mediaKind: 'video',
      filetype: 'video/mp4',
    });
    const path = await tus.begin(2 * 1024 * 1024, { 'upload-metadata': said });
    expect((await tus.terminate(path)).status).toBe(204);
  });

  describe('with a PATCH', () => {
    let path: string;
    beforeAll(async () => {
      path = await tus.begin(LENGTH);
      expect((await tus.patch(path, 0, document.subarray(0, 100))).status).toBe(204);
    });

    it.each<[what: string, headers: TusHeaders, status: number, code: string]>([
      ['no version', { 'tus-resumable': undefined }, 412, 'PRECONDITION_FAILED'],
      ['another version', { 'tus-resumable': '1.0.1' }, 412, 'PRECONDITION_FAILED'],
      ['no content type', { 'content-type': undefined }, 415, 'UNSUPPORTED_FILE_TYPE'],
      ['another content type', { 'content-type': 'application/octet-stream' }, 415, 'UNSUPPORTED_FILE_TYPE'],
      ['no offset', { 'upload-offset': undefined }, 400, 'VALIDATION_FAILED'],
      ['a negative offset', { 'upload-offset': '-1' }, 400, 'VALIDATION_FAILED'],
      ['a lesser offset', { 'upload-offset': '99' }, 409, 'OFFSET_MISMATCH'],
      ['a greater offset', { 'upload-offset': '101' }, 409, 'OFFSET_MISMATCH'],
      ['an offset beyond the end', { 'upload-offset': String(LENGTH + 1) }, 409, 'OFFSET_MISMATCH'],
      ['a length said again', { 'upload-length': String(LENGTH) }, 400, 'VALIDATION_FAILED'],
    ])('U01 takes nothing with %s', async (_what, headers, status, code) => {
      const answer = await tus.patch(path, 100, Buffer.from('bytes'), headers);
      expect([answer.status, answer.body.code]).toEqual([status, code]);
      expect(answer.headers.get('tus-resumable')).toBe('1.0.0');
      expect(await tus.offset(path)).toBe(100);
    });

    it('U01 takes no more than was said, however it comes', async () => {
      const more = Buffer.concat([document.subarray(100), Buffer.from('x')]);
      expect((await tus.patch(path, 100, more)).body.code).toBe('FILE_TOO_LARGE');
      expect(await tus.offset(path)).toBe(100);
      const chunked = new OpenPatch(owner, path, 100, null);
      const answer = await chunked.finish(more);
      expect([answer.status, answer.body.code]).toEqual([413, 'FILE_TOO_LARGE']);
      expect(await tus.offset(path)).toBeLessThan(LENGTH);
    });

    it('U01 takes POST in its place where that is said, and not otherwise', async () => {
      const offset = await tus.offset(path);
      const headers = { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) };
      const bytes = document.subarray(offset, offset + 10);
      for (const method of [undefined, 'DELETE', 'HEAD', 'patch'])
        expect(
          (await tus.request('POST', path, { ...headers, 'x-http-method-override': method }, bytes)).status,
        ).toBe(405);
      const answer = await tus.request(
        'POST',
        path,
        { ...headers, 'x-http-method-override': 'PATCH' },
        bytes,
      );
      expect([answer.status, answer.headers.get('upload-offset')]).toEqual([204, String(offset + 10)]);
      const stranger = new TusClient(await system.client('ops'));
      const theirs = await stranger.request(
        'POST',
        path,
        { ...headers, 'x-http-method-override': 'PATCH' },
        bytes,
      );
      expect(theirs.status).toBe(404);
    });

    it('U01 keeps what came before the connection broke', async () => {
      const offset = await tus.offset(path);
      const patch = new OpenPatch(owner, path, offset, LENGTH - offset);
      await patch.send(document.subarray(offset, offset + 50_000));
      await waitFor('the PATCH to be taken', async () => {
        const [row] = await system.query('SELECT lease_until FROM uploads WHERE id = $1', [uploadIdOf(path)]);
        return row.lease_until !== null;
      });
      patch.abort();
      await waitFor('the bytes to be durable', async () => (await tus.offset(path)) > offset);
      const now = await tus.offset(path);
      expect((await tus.patch(path, now, document.subarray(now))).status).toBe(204);
      expect(sha256(await contentOf(path))).toBe(sha256(document));
    });
  });

  const ID = '0190f0a0-0000-7000-8000-0000000000ab';
  it.each([
    ['a way up', '..%2fvictim'],
    ['a way up and down', `..%2f..%2fupload%2fresumable%2f${ID}`],
    ['a backslash', '..%5cvictim'],
    ['NUL', '%00'],
    ['a UUID and NUL', `${ID}%00`],
    ['an absolute path', '%2fetc%2fpasswd'],
    ['an address', 'http:%2f%2fvictim.test%2fx'],
    ['a drive', 'C:%5cx'],
    ['300 characters', 'a'.repeat(300)],
    ['a UUID of nothing', ID],
  ])('U15 an id that is %s is none', async (_what, id) => {
    const victim = await tus.begin(LENGTH);
    const { body } = await owner.get('/api/upload');
    const target = `${TUS}/${id}`;
    const headers = { 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' };
    for (const method of ['HEAD', 'GET', 'PATCH', 'DELETE', 'POST'])
      for (const override of [undefined, 'PATCH', 'DELETE', 'HEAD']) {
        const sent = { ...headers, 'x-http-method-override': override };
        const { status } = await tus.request(method, target, sent);
        expect([method, override, [400, 404, 405].includes(status)]).toEqual([method, override, true]);
      }
    expect((await owner.get('/api/upload')).body).toEqual(body);
    expect((await tus.terminate(victim)).status).toBe(204);
  });

  it('U01 refuses content that is not what the name says with the last byte', async () => {
    const path = await tus.begin(1000);
    expect((await tus.patch(path, 0, Buffer.alloc(500))).status).toBe(204);
    const answer = await tus.patch(path, 500, Buffer.alloc(500));
    expect([answer.status, answer.body.code]).toEqual([415, 'CONTENT_MISMATCH']);
    expect((await tus.head(path)).status).toBe(410);
    expect((await tus.patch(path, 1000, Buffer.alloc(0))).body.code).toBe('GONE');
    const { body } = await owner.get(`/api/upload/progress/${uploadIdOf(path)}`);
    expect(body).toMatchObject({ status: 'failed', failureCode: 'CONTENT_MISMATCH' });
  });

  it('U01 knows nothing of what was ended, of forms, and of others', async () => {
    const path = await tus.begin(LENGTH);
    expect((await tus.patch(path, 0, document.subarray(0, 100))).status).toBe(204);
    expect((await tus.terminate(path)).status).toBe(204);
    expect((await tus.head(path)).status).toBe(410);
    expect((await tus.patch(path, 100, Buffer.from('x'))).status).toBe(410);
    expect((await tus.terminate(path)).status).toBe(410);
    const { uploadId } = await owner.uploadAndWait(document);
    for (const id of [uploadId, randomUUID()]) {
      const answers = [
        await tus.head(`${TUS}/${id}`),
        await tus.patch(`${TUS}/${id}`, 0, Buffer.from('x')),
        await tus.terminate(`${TUS}/${id}`),
      ];
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    }
  });

  it('U01 leaves the house in order', async () => {
    await assertInvariants(system);
  });
});

describe('a checksum', () => {
  const bytes = document.subarray(0, 150_000);
  const digest = (algorithm: string, of: Buffer = bytes): string =>
    `${algorithm} ${createHash(algorithm).update(of).digest('base64')}`;
  let path: string;
  beforeEach(async () => {
    path = await tus.begin(document.length);
  });

  it.each<[what: string, value: string, status: number]>([
    ['SHA-1', digest('sha1'), 204],
    ['SHA-256', digest('sha256'), 204],
    ['SHA-1 of others', digest('sha1', document), 460],
    ['SHA-256 of others', digest('sha256', document), 460],
    ['SHA-1 by the name of SHA-256', digest('sha1').replace('sha1', 'sha256'), 400],
    ['MD5', digest('md5'), 400],
    ['an unknown algorithm', 'crc32 AAAAAA==', 400],
    ['an algorithm alone', 'sha1', 400],
    ['no Base64', 'sha1 ****', 400],
    ['Base64 without padding', digest('sha1').replace('=', ''), 400],
    ['two digests', `${digest('sha1')} ${digest('sha1')}`, 400],
    ['nothing', '', 400],
  ])('U04 %s', async (_what, value, status) => {
    const answer = await tus.patch(path, 0, bytes, { 'upload-checksum': value });
    expect(answer.status).toBe(status);
    if (status === 460) expect(answer.body.code).toBe('CHECKSUM_MISMATCH');
    const taken = status === 204 ? bytes.length : 0;
    expect(await tus.offset(path)).toBe(taken);
    expect((await tus.patch(path, taken, document.subarray(taken))).status).toBe(204);
    expect(sha256(await contentOf(path))).toBe(sha256(document));
  });

  it.each([
    ['right', digest('sha256', document), 201],
    ['wrong', digest('sha256'), 460],
  ])('U04 that is %s, with the creation', async (_what, value, status) => {
    const answer = await tus.create(document.length, { 'upload-checksum': value }, document);
    expect(answer.status).toBe(status);
    if (status === 201)
      expect(sha256(await contentOf(answer.headers.get('location')!))).toBe(sha256(document));
    else expect(answer.headers.get('location')).toBeNull();
  });

  it('U04 is of all bytes or none: what comes before the connection breaks does not count', async () => {
    const patch = new OpenPatch(owner, path, 0, bytes.length, { 'upload-checksum': digest('sha1') });
    await patch.send(bytes.subarray(0, 100_000));
    await waitFor('the bytes to be on their way', async () => {
      const staged = await system.storedFiles();
      return staged.some((each) => each.includes(uploadIdOf(path)));
    });
    patch.abort();
    await waitFor('the PATCH to end', async () => {
      const [row] = await system.query('SELECT lease_until FROM uploads WHERE id = $1', [uploadIdOf(path)]);
      return row.lease_until === null;
    });
    expect(await tus.offset(path)).toBe(0);
  });

  it('U04 leaves the house in order', async () => {
    await assertInvariants(system);
  });
});
