import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from '@waybill/core/crypto';
import { uuidv7 } from '@waybill/core/kernel';
import { ApiApp } from '../support/api-app';
import { comparable, createPerson, publishFile, type Person } from '../support/files';
import { sharedBy, unlock, type Shared } from '../support/shares';
import { ApiClient } from '../support/system';

jest.setTimeout(60_000);

let api: ApiApp;
let ops: Person;
let other: Person;
let anybody: ApiClient;

beforeAll(async () => {
  api = await ApiApp.start();
  ops = await createPerson(api, 'ops');
  other = await createPerson(api, 'ops');
  anybody = new ApiClient(api.url);
});

afterAll(() => api?.stop());

interface Bundle extends Shared {
  files: { id: string; name: string; plaintext: Buffer }[];
}

async function bundle(names: string[], wish: object = {}, sizes: number[] = []): Promise<Bundle> {
  const files = [];
  for (const [index, name] of names.entries()) {
    const plaintext = randomBytes(sizes[index] ?? 5000);
    const { id } = await publishFile(api, ops, { name, plaintext, attributes: { visibility: 'private' } });
    files.push({ id, name, plaintext });
  }
  const shared = sharedBy(await ops.post('/api/shares', { fileIds: files.map(({ id }) => id), ...wish }));
  return { ...shared, files };
}

/** What others make of an archive: name and bytes of each entry. */
function unpacked(archive: Buffer): Record<string, Buffer> {
  const directory = mkdtempSync(join(tmpdir(), 'waybill-bundle-'));
  try {
    const path = join(directory, 'bundle.zip');
    writeFileSync(path, archive);
    const script = [
      'import sys, zipfile, base64, json',
      'archive = zipfile.ZipFile(sys.argv[1])',
      'assert archive.testzip() is None',
      'print(json.dumps({i.filename: base64.b64encode(archive.read(i)).decode() for i in archive.infolist()}))',
    ].join('\n');
    const found = JSON.parse(
      execFileSync('python3', ['-c', script, path], { maxBuffer: 1 << 28, encoding: 'utf8' }),
    );
    return Object.fromEntries(
      Object.entries(found as Record<string, string>).map(([name, text]) => [
        name,
        Buffer.from(text, 'base64'),
      ]),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('L12 a bundle', () => {
  it('L12 is one archive of all its files, whose names harm nobody', async () => {
    const names = [
      'offer.docx',
      'OFFER.docx',
      '../../etc/passwd.docx',
      'a\u202excod.exe.docx',
      'Übersicht 🦊.docx',
    ];
    const made = await bundle(names, { name: 'Spring/campaign' }, [0, 3_000_000, 10, 11]);
    expect(made.body).toMatchObject({
      fileId: null,
      name: 'Spring/campaign',
      fileIds: made.files.map(({ id }) => id),
    });
    const { status, headers, bytes } = await anybody.get(made.path);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/zip');
    expect(headers.get('content-disposition')).toContain('filename="Spring_campaign.zip"');
    expect(headers.get('repr-digest')).toBeNull();
    expect(Number(headers.get('content-length'))).toBe(bytes.length);
    const found = unpacked(bytes);
    expect(Object.keys(found)).toEqual([
      'offer.docx',
      'OFFER (2).docx',
      '_.._etc_passwd.docx',
      'axcod.exe.docx',
      'Übersicht 🦊.docx',
    ]);
    expect(Object.values(found).map((data, index) => data.equals(made.files[index]!.plaintext))).toEqual(
      Array(names.length).fill(true),
    );
  });

  it('L12 is the same every time, and any part of it can be asked for', async () => {
    const { path } = await bundle(['a.docx', 'b.docx', 'c.docx'], {}, [2_500_000, 0, 1_200_000]);
    const whole = await anybody.get(path);
    const etag = whole.headers.get('etag')!;
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    expect((await anybody.get(path)).bytes.equals(whole.bytes)).toBe(true);
    const { length } = whole.bytes;
    for (const [from, to] of [
      [0, 0],
      [29, 31],
      [1_048_500, 1_048_700],
      [2_499_990, 2_500_200],
      [length - 1, length - 1],
      [length - 400, length - 1],
      [1_000_000, length - 1],
    ] as const) {
      const part = await anybody.get(path, { range: `bytes=${from}-${to}`, 'if-range': etag });
      expect([part.status, part.bytes.equals(whole.bytes.subarray(from, to + 1))]).toEqual([206, true]);
      expect(part.headers.get('content-range')).toBe(`bytes ${from}-${to}/${length}`);
    }
    expect((await anybody.get(path, { 'if-none-match': etag })).status).toBe(304);
  });

  it('L12 counts once for all that is in it, or not at all', async () => {
    const made = await bundle(['a.docx', 'b.docx'], { maxDownloads: 2 });
    const counts = async (): Promise<number[]> => [
      (await ops.get(`/api/shares/${made.id}`)).body.downloadCount,
      ...(await Promise.all(
        made.files.map(async ({ id }) => (await ops.get(`/api/files/${id}`)).body.downloadCount),
      )),
    ];
    expect((await anybody.get(made.path)).status).toBe(200);
    expect(await counts()).toEqual([1, 1, 1]);
    await api.query('UPDATE files SET max_downloads = 1 WHERE id = $1', [made.files[1]!.id]);
    expect((await anybody.get(made.path)).status).toBe(410);
    expect((await anybody.get(`${made.path}/info`)).body.remainingDownloads).toBe(0);
    expect(await counts()).toEqual([1, 1, 1]);
    await api.query('UPDATE files SET max_downloads = NULL WHERE id = $1', [made.files[1]!.id]);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, who) => anybody.get(made.path, { 'user-agent': `${who}` })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await counts()).toEqual([2, 2, 2]);
  });

  it.each<[string, (made: Bundle) => Promise<unknown>]>([
    ['any of its files', ({ files }) => ops.delete(`/api/files/${files[1]!.id}`)],
    ['its being revoked', ({ id }) => ops.delete(`/api/shares/${id}`)],
    [
      'its owner’s account',
      () => api.query('UPDATE users SET disabled_at = now() WHERE id = $1', [ops.userId]),
    ],
  ])('L08, L12 is over with %s', async (_, end) => {
    const made = await bundle(['a.docx', 'b.docx']);
    const { path, page } = made;
    await end(made);
    for (const address of [path, `${path}/info`, page]) expect((await anybody.get(address)).status).toBe(410);
    await api.query('UPDATE users SET disabled_at = NULL WHERE id = $1', [ops.userId]);
  });

  it('L06, L12 takes nothing for its password but text', async () => {
    const made = await bundle(['a.docx', 'b.docx'], { password: 'blue heron' });
    for (const odd of [undefined, null, [], {}, ['blue heron'], 'blue\0heron'])
      expect((await unlock(anybody, made, odd)).status).toBe(400);
    expect((await unlock(anybody, made, 'red heron')).status).toBe(401);
    expect((await unlock(anybody, made, 'blue heron')).status).toBe(200);
  });

  it('L06, L12 has its password as any share has', async () => {
    const made = await bundle(['a.docx', 'b.docx'], { password: 'blue heron' });
    expect((await anybody.get(made.path)).status).toBe(401);
    expect((await unlock(anybody, made, 'red heron')).status).toBe(401);
    const { ticket } = (await unlock(anybody, made, 'blue heron')).body;
    expect((await anybody.get(made.path, { authorization: `Bearer ${ticket}` })).status).toBe(200);
    expect((await anybody.get(made.page)).bytes.toString()).not.toContain('a.docx');
  });

  it('shows people what is in it', async () => {
    const { page } = await bundle(['a.docx', '<b>.docx'], { name: 'Campaign' });
    const text = (await anybody.get(page, { accept: 'text/html' })).bytes.toString();
    for (const part of ['Campaign.zip', 'a.docx', '&lt;b&gt;.docx', '2 files for you'])
      expect(text).toContain(part);
  });

  it('A01, L12 is of files of one’s own alone', async () => {
    const mine = await publishFile(api, ops);
    const theirs = await publishFile(api, other);
    const [strange, unknown] = await Promise.all(
      [theirs.id, uuidv7()].map((id) => ops.post('/api/shares', { fileIds: [mine.id, id] })),
    );
    expect([strange!.status, comparable(strange!)]).toEqual([404, comparable(unknown!)]);
    expect(await api.query('SELECT 1 FROM share_files WHERE file_id = $1', [mine.id])).toEqual([]);
  });

  it('is broken off visibly, or not begun, where a file is damaged', async () => {
    const made = await bundle(['a.docx', 'b.docx']);
    await anybody.get(made.path);
    await api.query(
      'UPDATE files SET wrapped_dek = (SELECT wrapped_dek FROM files WHERE id = $2) WHERE id = $1',
      [made.files[0]!.id, made.files[1]!.id],
    );
    expect((await anybody.get(made.path)).status).toBe(500);
    expect((await ops.get(`/api/shares/${made.id}`)).body.downloadCount).toBe(1);
    expect((await ops.get(`/api/files/${made.files[0]!.id}`)).body.status).toBe('corrupt');
  });

  it.each<[string, object]>([
    ['/fileIds', { fileIds: [] }],
    ['/fileIds', { fileIds: ['x'] }],
    ['/fileIds', {}],
    ['/fileIds', { fileIds: Array.from({ length: 101 }, () => uuidv7()) }],
    ['/name', { fileIds: [uuidv7()], name: '' }],
  ])('is refused for its %s in %.40j', async (pointer, body) => {
    const answer = await ops.post('/api/shares', body);
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, pointer]);
  });
});

it('is gone on with where it broke', async () => {
  const made = await bundle(['a.docx', 'b.docx'], { maxDownloads: 1 }, [9_000_000, 9_000_000]);
  const first = await anybody.get(made.path, { range: 'bytes=0-9999999', 'user-agent': 'resumer' });
  const rest = await anybody.get(made.path, { range: 'bytes=10000000-', 'user-agent': 'resumer' });
  expect([first.status, rest.status]).toEqual([206, 206]);
  const found = unpacked(Buffer.concat([first.bytes, rest.bytes]));
  expect(Object.values(found).every((data, index) => data.equals(made.files[index]!.plaintext))).toBe(true);
  expect((await ops.get(`/api/shares/${made.id}`)).body.downloadCount).toBe(1);
  expect((await anybody.get(made.path, { range: 'bytes=0-', 'user-agent': 'resumer' })).status).toBe(410);
});
