import { uuidv7, type Role } from '@waybill/core/kernel';
import { sha256 } from '@waybill/core/crypto';
import { permits, type Permission } from '../../libs/features/files/file.policy';
import { FileRepository } from '../../libs/features/files/file.repository';
import { ApiApp } from '../support/api-app';
import {
  comparable,
  createPerson,
  DOCX,
  eventsOf,
  FILE_ROUTES,
  part as partOf,
  patchFile,
  publishFile,
  type FileToPublish,
  type Person,
  type PublishedFile,
} from '../support/files';
import { ApiClient, type Answer } from '../support/system/api-client';

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

describe('A01 what one may not know of answers like nothing', () => {
  it.each(FILE_ROUTES)('%s', async (_, call) => {
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
      for (const [, call] of FILE_ROUTES)
        expect([400, 404]).toContain((await call(ops, encodeURI(id))).status);
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
    for (const [name, call] of FILE_ROUTES) {
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
    for (const [, call] of FILE_ROUTES) expect((await call(owner, id)).status).toBe(404);
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
