import { AppError, uuidv7, type Role } from '@waybill/core/kernel';
import { randomBytes, sha256 } from '@waybill/core/crypto';
import {
  DEFAULT_FILE_ATTRIBUTES,
  FileSweeper,
  FilesService,
  StorageUsageService,
} from '@waybill/features/files';
import { Database } from '@waybill/platform/database';
import { Keyring } from '@waybill/platform/keyring';
import { ObjectRegistry } from '@waybill/platform/objects';
import { ObjectStores } from '@waybill/platform/storage';
import { DownloadLinks } from '../../libs/features/files/download-links';
import { permits, type Permission } from '../../libs/features/files/file.policy';
import { FileRepository } from '../../libs/features/files/file.repository';
import { seal } from '../../libs/features/files/testing/sealing';
import { ApiApp } from '../support/api-app';
import {
  comparable,
  createPerson,
  DOCX,
  eventsOf,
  part as partOf,
  patchFile,
  publishFile,
  type FileToPublish,
  type Person,
  type PublishedFile,
} from '../support/files';
import { ApiClient, type Answer } from '../support/system/api-client';
import { waitFor } from '../support/system/wait-for';

jest.setTimeout(60_000);

let api: ApiApp;
let ops: Person;
let otherOps: Person;
let admin: Person;
let client: Person;

beforeAll(async () => {
  api = await ApiApp.start();
  [ops, otherOps, admin, client] = await Promise.all([
    person('ops'),
    person('ops'),
    person('admin'),
    person('client'),
  ]);
});
afterAll(() => api.stop());

function part<T>(token: abstract new (...args: never[]) => T): T {
  return partOf(api, token);
}
const person = (role: Role): Promise<Person> => createPerson(api, role);
const publish = (owner: Person, given?: FileToPublish): Promise<PublishedFile> =>
  publishFile(api, owner, given);
const events = (subject: string): Promise<string[]> => eventsOf(api, subject);

async function change(id: string, assignments: string, ...values: unknown[]): Promise<void> {
  await api.query(`UPDATE files SET ${assignments} WHERE id = $1`, [id, ...values]);
}

async function usage(of: Person): Promise<number> {
  const [row] = await api.query('SELECT used_bytes FROM storage_usage WHERE user_id = $1', [of.userId]);
  return Number(row?.used_bytes ?? 0);
}

const ROUTES: [string, (caller: ApiClient, id: string) => Promise<Answer>][] = [
  ['GET /files/:id', (caller, id) => caller.get(`/api/files/${id}`)],
  ['HEAD /files/:id', (caller, id) => caller.request('HEAD', `/api/files/${id}`)],
  ['PATCH /files/:id', (caller, id) => patchFile(caller, id, { title: 'Mine' })],
  ['DELETE /files/:id', (caller, id) => caller.delete(`/api/files/${id}`)],
  ['GET /files/:id/content', (caller, id) => caller.get(`/api/files/${id}/content`)],
  ['HEAD /files/:id/content', (caller, id) => caller.request('HEAD', `/api/files/${id}/content`)],
  ['POST /files/:id/download-link', (caller, id) => caller.post(`/api/files/${id}/download-link`, {})],
];

describe('A01 what one may not know of answers like nothing', () => {
  it.each(ROUTES)('%s', async (_, call) => {
    const own = await publish(ops);
    const hidden = await publish(ops, { attributes: { visibility: 'private' } });
    const recipients = [`another-${client.email}`];
    const others = await publish(ops, { attributes: { visibility: 'restricted', recipients } });
    const nothing = comparable(await call(otherOps, uuidv7()));
    expect(nothing).toMatchObject({ status: 404 });
    for (const [caller, id] of [
      [otherOps, own.id],
      [admin, own.id],
      [client, hidden.id],
      [client, others.id],
      [otherOps, others.id],
      [ops, uuidv7()],
      [client, uuidv7()],
    ] as const) {
      expect(comparable(await call(caller, id))).toEqual(nothing);
    }
    expect((await call(new ApiClient(api.url), own.id)).status).toBe(401);
    expect(await api.query('SELECT deleted_at, revision FROM files WHERE id = $1', [own.id])).toEqual([
      { deleted_at: null, revision: 1 },
    ]);
  });

  it.each(['x', '0', '{}', '1e309', '%00', `${uuidv7()}0`, 'a'.repeat(3000)])(
    'R03 the id %.40s names nothing',
    async (id) => {
      for (const [, call] of ROUTES) expect([400, 404]).toContain((await call(ops, encodeURI(id))).status);
    },
  );

  it('what one may see and not do is forbidden', async () => {
    const { id } = await publish(ops);
    expect(await client.delete(`/api/files/${id}`)).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN' },
    });
    expect(await client.get(`/api/files/${id}/content`)).toMatchObject({ status: 403 });
    expect(await patchFile(client, id, { title: 'Mine' })).toMatchObject({ status: 403 });
    expect((await client.get(`/api/files/${id}`)).status).toBe(200);
  });

  it('what is on its way is not ready for its owner, and nothing for all others', async () => {
    const fileId = uuidv7();
    await api.query(
      `INSERT INTO uploads (id, file_id, owner_id, door, file_name, extension, media_type, category, kek_id)
       VALUES ($1, $2, $3, 'multipart', 'a.docx', 'docx', $4, 'document', 'k')`,
      [uuidv7(), fileId, ops.userId, DOCX],
    );
    for (const [name, call] of ROUTES) {
      const answer = await call(ops, fileId);
      expect([name, answer.status, Number(answer.headers.get('retry-after'))]).toEqual([
        name,
        409,
        expect.any(Number),
      ]);
      expect((await call(client, fileId)).status).toBe(404);
      expect((await call(otherOps, fileId)).status).toBe(404);
    }
  });

  it('the rules say the same in the database and in code', async () => {
    const repository = part(FileRepository);
    const disabled = await person('ops');
    const past = new Date(Date.now() - 60_000);
    const files = [];
    for (const owner of [ops, disabled]) {
      for (const [visibility, expiresAt, deletedAt, recipients] of [
        ['clients', null, null, []],
        ['private', null, null, []],
        ['restricted', null, null, []],
        ['restricted', null, null, [client.email.toUpperCase(), otherOps.email]],
        ['restricted', null, null, [`x${client.email}`]],
        ['restricted', past, new Date(), [client.email]],
        ['restricted', null, new Date(), [client.email]],
        ['private', null, null, [client.email]],
        ['clients', past, null, []],
        ['clients', past, new Date(), []],
        ['private', past, new Date(), []],
        ['clients', null, new Date(), []],
        ['clients', new Date(Date.now() + 60_000), new Date(), []],
      ] as const) {
        const { id } = await publish(owner, {
          attributes: { visibility: 'restricted', recipients: [...recipients] },
        });
        await change(
          id,
          'visibility = $2, expires_at = $3, deleted_at = $4',
          visibility,
          expiresAt,
          deletedAt,
        );
        files.push({
          id,
          visibility,
          recipients,
          expiresAt,
          deletedAt,
          ownerId: owner.userId,
          ownerActive: owner !== disabled,
        });
      }
    }
    await api.query('UPDATE users SET disabled_at = now() WHERE id = $1', [disabled.userId]);
    const readers = [ops, otherOps, admin, client, disabled].map(({ userId, role, email }) => ({
      userId,
      role,
      email,
      emailVerified: true,
    }));
    readers.push({ ...readers[3]!, emailVerified: false }, { ...readers[0]!, role: 'client' });
    for (const reader of readers) {
      for (const permission of ['read', 'manage'] satisfies Permission[]) {
        const found = await repository.permitted(
          reader,
          permission,
          files.map(({ id }) => id),
        );
        const limits = { status: 'available' as const, maxDownloads: null, downloadCount: 0 };
        const expected = files.filter((file) => permits(reader, permission, { ...limits, ...file }));
        expect(found.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id).sort());
      }
      const all = { sort: 'createdAt', descending: true, limit: 10_000, after: null } as const;
      const listed = (await repository.list(reader, all, new Date())).map(({ id }) => id);
      const limits = { status: 'available' as const, maxDownloads: null, downloadCount: 0 };
      const current = files.filter(
        (file) =>
          permits(reader, 'read', { ...limits, ...file }) &&
          file.deletedAt === null &&
          (file.expiresAt === null || reader.role !== 'client'),
      );
      const these = new Set(files.map(({ id }) => id));
      expect(listed.filter((id) => these.has(id)).sort()).toEqual(current.map(({ id }) => id).sort());
    }
  });
});

describe('GET /files', () => {
  it('lists what ops own, and what is available to clients', async () => {
    const lister = await person('ops');
    const open = await publish(lister);
    const closed = await publish(lister, { attributes: { visibility: 'private' } });
    const expired = await publish(lister);
    await change(expired.id, `expires_at = now() - interval '1 second'`);
    const deleted = await publish(lister);
    await lister.delete(`/api/files/${deleted.id}`);
    const idsFor = async (caller: Person): Promise<string[]> =>
      (await caller.get('/api/files?limit=100')).body.items.map(({ id }: { id: string }) => id);

    expect(await idsFor(lister)).toEqual([expired.id, closed.id, open.id]);
    expect(await idsFor(otherOps)).not.toContain(open.id);
    const seen = await idsFor(client);
    expect(seen[0]).toBe(open.id);
    for (const id of [closed.id, expired.id, deleted.id]) expect(seen).not.toContain(id);

    await api.query('UPDATE users SET disabled_at = now() WHERE id = $1', [lister.userId]);
    expect(await idsFor(client)).not.toContain(open.id);
  });

  it.each(['createdAt', '-createdAt', 'name', '-name', 'size', '-size'])(
    'pages by %s, each file once',
    async (sort) => {
      const lister = await person('ops');
      const files = [];
      for (let i = 0; i < 7; i++) {
        const { id } = await publish(lister, {
          name: `${'aab'[i % 3]}.docx`,
          plaintext: Buffer.alloc(1 + (i % 2)),
        });
        files.push(id);
      }
      // Equal to the microsecond, so that the id has to decide.
      await api.query(`UPDATE files SET created_at = '2026-01-01T00:00:00.123456Z' WHERE id = ANY($1)`, [
        files.slice(2, 6),
      ]);
      const all = (await lister.get(`/api/files?sort=${sort}&limit=100`)).body;
      const paged: string[] = [];
      for (let url: string | null = `/api/files?sort=${sort}&limit=2`; url !== null;) {
        const answer: Answer = await lister.get(url);
        paged.push(...answer.body.items.map(({ id }: { id: string }) => id));
        const link = answer.headers.get('link');
        expect(link === null).toBe(answer.body.nextCursor === null);
        url = link === null ? null : link.replace(/^<http:\/\/[^/]+(.*)>; rel="next"$/, '$1');
      }
      expect(all.nextCursor).toBeNull();
      expect(paged).toEqual(all.items.map(({ id }: { id: string }) => id));
      expect(new Set(paged).size).toBe(7);
      const keys = all.items.map((item: Record<string, string | number>) => item[sort.replace('-', '')]!);
      const sorted = [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      expect(keys).toEqual(sort.startsWith('-') ? sorted.reverse() : sorted);
    },
  );

  it('gives a link with each item when asked', async () => {
    const { id, plaintext } = await publish(ops);
    const { body } = await client.get('/api/files?include=downloadUrl&limit=5');
    const item = body.items.find((one: { id: string }) => one.id === id);
    const { pathname } = new URL(item.downloadUrl);
    expect((await client.get(pathname)).bytes.equals(plaintext)).toBe(true);
    expect((await client.get('/api/files?limit=5')).body.items[0]).not.toHaveProperty('downloadUrl');
  });

  it('filters by status', async () => {
    const lister = await person('ops');
    const [sound, broken] = [await publish(lister), await publish(lister)];
    await change(broken.id, `status = 'corrupt'`);
    const ids = async (status: string): Promise<string[]> =>
      (await lister.get(`/api/files?status=${status}`)).body.items.map(({ id }: { id: string }) => id);
    expect(await ids('available')).toEqual([sound.id]);
    expect(await ids('corrupt')).toEqual([broken.id]);
  });

  it.each([
    'limit=-1',
    'limit=0',
    'limit=101',
    'limit=1e9',
    'limit=NaN',
    'limit=1e20',
    'limit=1&limit=2',
    'sort=passwordHash',
    'sort=id;select',
    'sort=createdAt&sort=name',
    'sort[]=name',
    'where[role]=admin',
    'status=deleted',
    'unknown=1',
    'chatId=%00',
    'include=key',
    'cursor=',
    'cursor=abc',
    'cursor=%00',
    'cursor=a&cursor=b',
  ])('R04 refuses ?%s', async (query) => {
    expect(await ops.get(`/api/files?${query}`)).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED' },
    });
  });

  it('R04 refuses a cursor that was changed, or belongs to another list', async () => {
    const lister = await person('ops');
    for (let i = 0; i < 3; i++) await publish(lister);
    const cursor: string = (await lister.get('/api/files?limit=1')).body.nextCursor;
    expect((await lister.get(`/api/files?limit=2&cursor=${cursor}`)).status).toBe(200);
    const others = [
      lister.get(`/api/files?sort=name&cursor=${cursor}`),
      lister.get(`/api/files?status=available&cursor=${cursor}`),
      otherOps.get(`/api/files?cursor=${cursor}`),
      client.get(`/api/files?cursor=${cursor}`),
      ...Array.from(cursor, (character, at) => {
        const changed = character === 'A' ? 'B' : 'A';
        return lister.get(`/api/files?cursor=${cursor.slice(0, at)}${changed}${cursor.slice(at + 1)}`);
      }),
    ];
    for (const answer of await Promise.all(others)) expect(answer.status).toBe(400);
  });
});

describe('GET /files/:id', () => {
  it('tells what there is to know', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const { id, plaintext } = await publish(ops, {
      attributes: { title: 'T 🦊', description: 'D', tags: ['a', 'b'], expiresAt, maxDownloads: 3 },
    });
    const { body, headers } = await client.get(`/api/files/${id}`);
    expect(body).toEqual({
      id,
      name: 'report.docx',
      extension: 'docx',
      mediaType: DOCX,
      category: 'document',
      fileType: null,
      title: 'T 🦊',
      description: 'D',
      tags: ['a', 'b'],
      size: plaintext.length,
      sha256: sha256(plaintext).toString('hex'),
      status: 'available',
      visibility: 'clients',
      expiresAt,
      maxDownloads: 3,
      downloadCount: 0,
      owner: { id: ops.userId, fullName: null },
      chatId: null,
      groupId: null,
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: expect.stringMatching(/Z$/),
    });
    expect(headers.get('etag')).toBe('"r1"');
    expect((await ops.get(`/api/files/${id}`)).body).toEqual({ ...body, recipients: [] });
  });

  it('answers 304 to who knows the revision', async () => {
    const { id } = await publish(ops);
    const answer = await ops.get(`/api/files/${id}`, { 'if-none-match': '"r0", "r1"' });
    expect([answer.status, answer.bytes.length, answer.headers.get('etag')]).toEqual([304, 0, '"r1"']);
    await change(id, 'revision = 2');
    expect((await ops.get(`/api/files/${id}`, { 'if-none-match': '"r1"' })).status).toBe(200);
  });
});

describe('DELETE /files/:id', () => {
  it('destroys the key, gives up the object and the quota, and says so', async () => {
    const owner = await person('ops');
    const kept = await publish(owner);
    const { id, key } = await publish(owner);
    const link = await client.downloadLink(id);
    expect((await owner.delete(`/api/files/${id}`)).status).toBe(204);

    const [row] = await api.query('SELECT deleted_at, wrapped_dek FROM files WHERE id = $1', [id]);
    expect(row).toEqual({ deleted_at: expect.any(Date), wrapped_dek: null });
    expect(await api.query('SELECT state FROM objects WHERE key = $1', [key])).toEqual([{ state: 'dead' }]);
    expect(await usage(owner)).toBe(kept.plaintext.length);
    expect(await events(id)).toEqual(['file.available', 'file.deleted']);
    for (const [, call] of ROUTES) expect((await call(owner, id)).status).toBe(404);
    expect((await client.get(link)).status).toBe(404);
  });

  it('is done once by who comes first', async () => {
    const owner = await person('ops');
    const { id } = await publish(owner);
    const answers = await Promise.all(Array.from({ length: 8 }, () => owner.delete(`/api/files/${id}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(7).fill(404)]);
    expect(await usage(owner)).toBe(0);
    expect(await events(id)).toEqual(['file.available', 'file.deleted']);
  });

  it('honours If-Match', async () => {
    const { id } = await publish(ops);
    for (const condition of ['"r2"', 'W/"r1"', 'r1', '"x", "y"']) {
      expect((await ops.delete(`/api/files/${id}`, { 'if-match': condition })).status).toBe(412);
    }
    expect((await ops.delete(`/api/files/${id}`, { 'if-match': '"r0", "r1"' })).status).toBe(204);
  });
});

describe('bytes', () => {
  it('are what was sealed, for the owner and through a link', async () => {
    const { id, plaintext } = await publish(ops, { plaintext: randomBytes(2 * 1024 * 1024 + 7) });
    const content = await ops.get(`/api/files/${id}/content`);
    const link = await client.get(await client.downloadLink(id));
    for (const answer of [content, link]) {
      expect([answer.status, answer.bytes.equals(plaintext)]).toEqual([200, true]);
      const digest = sha256(plaintext);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'accept-ranges': 'bytes',
        'cache-control': 'private, no-store',
        'content-disposition': `attachment; filename="report.docx"; filename*=UTF-8''report.docx`,
        'content-length': String(plaintext.length),
        'content-security-policy': expect.stringMatching(/^sandbox; default-src 'none'; /),
        'content-type': DOCX,
        'cross-origin-resource-policy': 'same-origin',
        etag: `"${digest.toString('base64url')}"`,
        'referrer-policy': 'no-referrer',
        'repr-digest': `sha-256=:${digest.toString('base64')}:`,
        'x-content-type-options': 'nosniff',
      });
    }
  });

  it('L11 come in ranges, and HEAD has none', async () => {
    const { id, plaintext } = await publish(ops, { plaintext: randomBytes(3 * 1024 * 1024 + 1) });
    const path = `/api/files/${id}/content`;
    const range = await ops.get(path, { range: 'bytes=1048519-1048521' });
    expect([range.status, range.headers.get('content-range')]).toEqual([
      206,
      `bytes 1048519-1048521/${plaintext.length}`,
    ]);
    expect(range.bytes.equals(plaintext.subarray(1048519, 1048522))).toBe(true);
    const beyond = await ops.get(path, { range: `bytes=${plaintext.length}-` });
    expect(beyond).toMatchObject({ status: 416, body: { code: 'RANGE_NOT_SATISFIABLE' } });
    expect(beyond.headers.get('content-range')).toBe(`bytes */${plaintext.length}`);
    const head = await ops.request('HEAD', path, { headers: { range: 'bytes=0-1' } });
    expect([head.status, head.headers.get('content-length'), head.bytes.length]).toEqual([
      200,
      String(plaintext.length),
      0,
    ]);
    const known = await ops.get(path, { 'if-none-match': head.headers.get('etag')! });
    expect([known.status, known.bytes.length]).toEqual([304, 0]);
  });

  it.each([
    'a"; filename="evil.html',
    'line\r\nX-Injected: 1',
    '../../etc/passwd',
    'back\\slash.docx',
    'gpj.\u202Excod.docx',
    '\u2066x\u2069.docx',
    'semi;colon.docx',
    'perc%41ent.docx',
    '🦊.docx',
    'é'.repeat(120) + '.docx',
    'CON.docx',
    '.hidden',
  ])('L09 keep a hostile name (%j) in its one header', async (name) => {
    const { id } = await publish(ops, { name });
    const { status, headers } = await ops.get(`/api/files/${id}/content`);
    const disposition = headers.get('content-disposition')!;
    expect(status).toBe(200);
    expect(disposition).toMatch(/^attachment; filename="[^"\\/;%]+"; filename\*=UTF-8''[\w.!#$&+^`|~%-]+$/);
    const shown = decodeURIComponent(disposition.split("''")[1]!);
    expect(shown).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069/\\]|^\./u);
    expect(headers.get('x-injected')).toBeNull();
    expect((await ops.get(`/api/files/${id}`)).body.name).toBe(name);
  });

  it.each(['text/html', 'image/svg+xml', 'application/xhtml+xml', 'message/rfc822'])(
    'L10 of %s are octets',
    async (mediaType) => {
      const { id } = await publish(ops, { mediaType, plaintext: Buffer.from('<script>alert(1)</script>') });
      const path = await client.downloadLink(id);
      for (const query of ['', '?inline=1', '?preview']) {
        const { status, headers } = await client.get(path + query, { accept: 'text/html' });
        expect([status, headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
        expect(headers.get('content-disposition')).toMatch(/^attachment;/);
      }
    },
  );

  it('are announced when somebody else has got all of them', async () => {
    const { id } = await publish(ops);
    const link = await client.downloadLink(id);
    await ops.get(`/api/files/${id}/content`);
    await client.get(link, { range: 'bytes=0-10' });
    await client.request('HEAD', link);
    await client.get(link);
    const told = await waitFor('the announcement', async () => (await events(id)).length > 1 && events(id));
    expect(told).toEqual(['file.available', 'file.downloaded']);
    const [event] = await api.query(
      `SELECT actor_id, owner_id FROM events WHERE subject_id = $1 AND type = 'file.downloaded'`,
      [id],
    );
    expect(event).toEqual({ actor_id: client.userId, owner_id: ops.userId });
  });
});

describe('a download link', () => {
  it.each([0, -1, 86_401, 1.5, '60', [], {}])('does not live for %j seconds', async (expiresInSeconds) => {
    const { id } = await publish(ops);
    expect(await client.post(`/api/files/${id}/download-link`, { expiresInSeconds })).toMatchObject({
      status: 400,
    });
  });

  it('lives ten minutes, or as long as was asked', async () => {
    const { id } = await publish(ops);
    for (const [body, seconds] of [
      [undefined, 600],
      [{}, 600],
      [{ expiresInSeconds: 86_400 }, 86_400],
    ] as const) {
      const answer = await client.post(`/api/files/${id}/download-link`, body);
      expect(answer.status).toBe(201);
      expect(Object.keys(answer.body).sort()).toEqual(['downloadUrl', 'expiresAt']);
      const left = (Date.parse(answer.body.expiresAt) - Date.now()) / 1000;
      expect(left).toBeGreaterThan(seconds - 30);
      expect(left).toBeLessThanOrEqual(seconds);
    }
  });

  it('L01 is its own authority: nothing beside it counts', async () => {
    const [wanted, other] = [await publish(ops), await publish(ops)];
    const link = await client.downloadLink(wanted.id);
    const anonymous = new ApiClient(api.url);
    const answer = await anonymous.request('GET', `${link}?file=${other.id}&id=${other.id}`, {
      headers: { 'x-file-id': other.id },
    });
    expect(answer.bytes.equals(wanted.plaintext)).toBe(true);
  });

  it('L01 is unknown with the credential of another user, or changed', async () => {
    const { id } = await publish(ops);
    const link = await client.downloadLink(id);
    const nothing = comparable(await new ApiClient(api.url).get('/api/download/nothing'));
    expect(nothing).toMatchObject({ status: 404 });
    for (const caller of [ops, otherOps, await person('client')])
      expect(comparable(await caller.get(link))).toEqual(nothing);
    for (const changed of [`${link}A`, `${link}=`, link.slice(0, -1), `${link.slice(0, -1)}%20`]) {
      expect(comparable(await client.get(changed))).toEqual(nothing);
    }
    expect((await client.get(link)).status).toBe(200);
  });

  it('ends with its time', async () => {
    const { id } = await publish(ops);
    const { downloadUrl } = await part(DownloadLinks).issue({ fileId: id, userId: client.userId }, -1);
    expect(await client.get(new URL(downloadUrl).pathname)).toMatchObject({
      status: 410,
      body: { code: 'GONE' },
    });
  });

  it.each<[string, number, (file: string, user: string, owner: string) => Promise<unknown>]>([
    ['the file is hidden', 404, (file) => change(file, `visibility = 'private'`)],
    ['the file is deleted', 404, (file) => change(file, 'deleted_at = now()')],
    ['the file expires', 410, (file) => change(file, `expires_at = now() - interval '1 second'`)],
    [
      'the file was downloaded often enough',
      410,
      (file) => change(file, 'max_downloads = 1, download_count = 1'),
    ],
    [
      'the user is disabled',
      404,
      (_, user) => api.query('UPDATE users SET disabled_at = now() WHERE id = $1', [user]),
    ],
    ['the user is removed', 404, (_, user) => api.query('DELETE FROM users WHERE id = $1', [user])],
    [
      'the owner is disabled',
      404,
      (_, __, owner) => api.query('UPDATE users SET disabled_at = now() WHERE id = $1', [owner]),
    ],
  ])('L08 dies at once when %s', async (_, status, happen) => {
    const [owner, user] = [await person('ops'), await person('client')];
    const { id } = await publish(owner);
    const link = await user.downloadLink(id);
    const anonymous = new ApiClient(api.url);
    expect((await anonymous.get(link)).status).toBe(200);
    await happen(id, user.userId, owner.userId);
    expect((await anonymous.get(link)).status).toBe(status);
    expect((await anonymous.request('HEAD', link)).status).toBe(status);
  });
});

describe('damage', () => {
  async function overwrite(key: string, change: (bytes: Buffer) => Buffer): Promise<Buffer> {
    const store = part(ObjectStores).default;
    const reader = await store.open(key);
    const bytes = Buffer.alloc(reader.size);
    await reader.read(bytes, 0);
    await reader.close();
    await put(key, change(Buffer.from(bytes)));
    return bytes;
  }

  async function put(key: string, bytes: Buffer): Promise<void> {
    const store = part(ObjectStores).default;
    await store.delete(key);
    const writer = await store.create(key);
    await writer.write([bytes]);
    await writer.commit();
  }

  const flip = (at: number) => (bytes: Buffer) => {
    bytes[at < 0 ? bytes.length + at : at]! ^= 1;
    return bytes;
  };

  it('C02 at the beginning is told, remembered and announced', async () => {
    const { id, key } = await publish(ops);
    const link = await client.downloadLink(id);
    const sound = await overwrite(key, flip(100));
    const answer = await client.get(link);
    expect(answer).toMatchObject({ status: 500, body: { code: 'INTEGRITY_FAILURE' } });
    expect(answer.headers.get('content-disposition')).toBeNull();
    expect((await ops.get(`/api/files/${id}`)).body.status).toBe('corrupt');
    expect((await ops.get(`/api/files/${id}`)).headers.get('etag')).toBe('"r2"');
    expect(await events(id)).toEqual(['file.available', 'file.corrupt']);
    // Known damage is told without a look at the bytes.
    await put(key, sound);
    expect((await client.get(link)).status).toBe(500);
    expect((await ops.get(`/api/files/${id}/content`)).status).toBe(500);
    expect((await ops.request('HEAD', `/api/files/${id}/content`)).status).toBe(500);
    expect(await events(id)).toHaveLength(2);
  });

  it('C02 further on breaks the transfer', async () => {
    const { id, key } = await publish(ops, { plaintext: randomBytes(3 * 1024 * 1024) });
    await overwrite(key, flip(-1));
    await expect(ops.get(`/api/files/${id}/content`)).rejects.toThrow();
    await waitFor('the mark', async () => (await ops.get(`/api/files/${id}`)).body.status === 'corrupt');
  });

  it('C06 of exchanged keys or objects is found', async () => {
    const [a, b] = [await publish(ops), await publish(ops)];
    await api.query(
      `UPDATE files SET wrapped_dek = other.wrapped_dek FROM files other
       WHERE files.id = ANY($1) AND other.id = ANY($1) AND other.id <> files.id`,
      [[a.id, b.id]],
    );
    for (const { id } of [a, b]) {
      expect(await ops.get(`/api/files/${id}/content`)).toMatchObject({
        status: 500,
        body: { code: 'INTEGRITY_FAILURE' },
      });
      expect(await events(id)).toEqual(['file.available', 'file.corrupt']);
    }
  });

  it('of missing bytes is told, and forgiven when they come back', async () => {
    const { id, key, plaintext } = await publish(ops);
    const sound = await overwrite(key, (bytes) => bytes);
    await part(ObjectStores).default.delete(key);
    expect(await ops.get(`/api/files/${id}/content`)).toMatchObject({
      status: 500,
      body: { code: 'INTEGRITY_FAILURE' },
    });
    await put(key, sound);
    expect((await ops.get(`/api/files/${id}/content`)).bytes.equals(plaintext)).toBe(true);
  });

  it('is not what an absent key is', async () => {
    const { id } = await publish(ops);
    await change(id, `kek_id = 'retired'`);
    expect(await ops.get(`/api/files/${id}/content`)).toMatchObject({
      status: 503,
      body: { code: 'KEY_UNAVAILABLE' },
    });
    expect((await ops.get(`/api/files/${id}`)).body.status).toBe('available');
  });
});

describe('quota', () => {
  const usages = (): StorageUsageService => part(StorageUsageService);
  const charge = (userId: string, bytes: number, limit: number | null): Promise<void> =>
    part(Database).transaction((tx) => usages().charge(tx, userId, bytes, limit));

  it('is never exceeded, whoever races', async () => {
    const { userId } = await person('ops');
    const results = await Promise.allSettled(Array.from({ length: 40 }, () => charge(userId, 30, 100)));
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as AppError] : [],
    );
    expect(refused.map(({ code }) => code)).toEqual(Array(37).fill('QUOTA_EXCEEDED'));
    expect(await api.query('SELECT used_bytes FROM storage_usage WHERE user_id = $1', [userId])).toEqual([
      { used_bytes: 90 },
    ]);
  });

  it('refuses the first byte too much, and takes the last that fits', async () => {
    const { userId } = await person('ops');
    await expect(charge(userId, 101, 100)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    await charge(userId, 100, 100);
    await expect(charge(userId, 1, 100)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    await charge(userId, 1, null);
    await part(Database).transaction((tx) => usages().release(tx, userId, 1_000));
    await charge(userId, 100, 100);
  });
});

describe('publishing', () => {
  it('leaves nothing when the object is not the writer’s any more', async () => {
    const owner = await person('ops');
    const id = uuidv7();
    const sealed = await seal(part(ObjectStores).default, part(Keyring), { id, plaintext: Buffer.from('x') });
    const attempt = part(Database).transaction((tx) =>
      part(FilesService).publish(tx, {
        ...sealed,
        fileId: id,
        ownerId: owner.userId,
        name: 'a.docx',
        extension: 'docx',
        mediaType: DOCX,
        category: 'document',
        fileType: null,
        attributes: DEFAULT_FILE_ATTRIBUTES,
        sha256: sha256('x'),
      }),
    );
    await expect(attempt).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await api.query('SELECT id FROM files WHERE id = $1', [id])).toEqual([]);
    expect(await events(id)).toEqual([]);
  });
});

describe('D01 sweeping', () => {
  const rowOf = (id: string): Promise<unknown[]> =>
    api.query('SELECT wrapped_dek FROM files WHERE id = $1', [id]);

  it('ends a file with its time, and remembers that it was there', async () => {
    const owner = await person('ops');
    const [over, going] = [await publish(owner), await publish(owner)];
    await change(over.id, `expires_at = now() - interval '1 second'`);
    await change(going.id, `expires_at = now() + interval '1 hour'`);
    const link = await client.downloadLink(going.id);
    await part(FileSweeper).run();
    expect(await rowOf(over.id)).toEqual([{ wrapped_dek: null }]);
    expect(
      await api.query('SELECT state FROM objects WHERE key = ANY($1) ORDER BY state', [
        [over.key, going.key],
      ]),
    ).toEqual([{ state: 'dead' }, { state: 'live' }]);
    expect(await events(over.id)).toEqual(['file.available', 'file.expired']);
    expect(await usage(owner)).toBe(going.plaintext.length);
    for (const [, call] of ROUTES) expect((await call(owner, over.id)).status).toBe(410);
    expect((await client.get(`/api/files/${over.id}`)).status).toBe(410);
    expect((await otherOps.get(`/api/files/${over.id}`)).status).toBe(404);
    expect((await client.get(link)).status).toBe(200);
  });

  it('forgets a tombstone when it is old and its object is gone', async () => {
    const [old, young, held] = [await publish(ops), await publish(ops), await publish(ops)];
    for (const { id } of [old, young, held]) await ops.delete(`/api/files/${id}`);
    for (const { id } of [old, held]) await change(id, `deleted_at = now() - interval '2 days'`);
    await part(ObjectRegistry).forget([old.key, young.key]);
    await part(FileSweeper).run();
    expect(
      [await rowOf(old.id), await rowOf(young.id), await rowOf(held.id)].map((rows) => rows.length),
    ).toEqual([0, 1, 1]);
  });
});
