import { uuidv7, type Role } from '@waybill/core/kernel';
import { parseFileAttributes } from '@waybill/features/files';
import { ApiApp } from '../support/api-app';
import {
  comparable,
  createPerson,
  eventsOf,
  patchFile,
  publishFile,
  type Person,
  type PublishedFile,
} from '../support/files';
import { ApiClient, type Answer } from '../support/system/api-client';

jest.setTimeout(60_000);

let api: ApiApp;
let ops: Person;
let ada: Person;
let bob: Person;
const anonymous = (): ApiClient => new ApiClient(api.url);

beforeAll(async () => {
  api = await ApiApp.start();
  [ops, ada, bob] = await Promise.all([person('ops'), person('client'), person('client')]);
});
afterAll(() => api.stop());

const person = (role: Role, email?: string): Promise<Person> => createPerson(api, role, email);
const newAddress = (): string => `New.Client-${uuidv7()}@Example.org`;

function restricted(...recipients: string[]): Promise<PublishedFile> {
  return publishFile(api, ops, { attributes: { visibility: 'restricted', recipients } });
}

async function listed(caller: ApiClient): Promise<string[]> {
  const { body } = await caller.get('/api/files?limit=100');
  return body.items.map(({ id }: { id: string }) => id);
}

async function stateOf(
  id: string,
): Promise<{ status: number; recipients?: string[]; visibility: string; etag: string }> {
  const { status, body, headers } = await ops.get(`/api/files/${id}`);
  return { status, ...body, etag: headers.get('etag') };
}

/** Who was told that he has the file now, in order. */
async function told(fileId: string): Promise<string[]> {
  const rows = await api.query(
    `SELECT owner_id, data FROM events WHERE subject_id = $1 AND type = 'file.granted' ORDER BY id`,
    [fileId],
  );
  for (const { owner_id, data } of rows) {
    expect(data).toEqual({ fileId, fileName: 'report.docx', userId: owner_id });
  }
  return rows.map(({ owner_id }) => owner_id);
}

describe('a restricted file', () => {
  it('is there for its recipients, whatever the case of an address, and for nobody else', async () => {
    const { id, plaintext } = await restricted(ada.email.toUpperCase());
    expect((await ada.get(`/api/files/${id}`)).body).not.toHaveProperty('recipients');
    expect(await listed(ada)).toContain(id);
    const link = await ada.downloadLink(id);
    expect((await anonymous().get(link)).bytes.equals(plaintext)).toBe(true);

    const nothing = comparable(await bob.get(`/api/files/${uuidv7()}`));
    for (const other of [bob, await person('ops'), await person('admin')]) {
      expect(comparable(await other.get(`/api/files/${id}`))).toEqual(nothing);
      expect(comparable(await other.post(`/api/files/${id}/download-link`, {}))).toEqual(nothing);
      expect(await listed(other)).not.toContain(id);
    }
    expect(await listed(ops)).toContain(id);
  });

  it('without recipients is for its owner alone', async () => {
    const { id } = await restricted();
    expect((await ada.get(`/api/files/${id}`)).status).toBe(404);
    expect((await stateOf(id)).recipients).toEqual([]);
  });

  it('shows its recipients to its owner alone, in lists too', async () => {
    const { id } = await restricted('zoe@example.org', ada.email);
    const own = (await ops.get('/api/files?limit=100')).body.items.find(
      (item: { id: string }) => item.id === id,
    );
    expect(own.recipients).toEqual([ada.email, 'zoe@example.org']);
    for (const item of (await ada.get('/api/files?limit=100')).body.items) {
      expect(item).not.toHaveProperty('recipients');
    }
  });

  it('waits for the verified owner of an address', async () => {
    const address = newAddress();
    const { id } = await restricted(address);
    const late = await person('client', address.toLowerCase());
    const verify = (value: string): Promise<unknown> =>
      api.query(`UPDATE users SET email_verified_at = ${value} WHERE id = $1`, [late.userId]);
    await verify('NULL');
    expect((await late.get(`/api/files/${id}`)).status).toBe(404);
    expect(await listed(late)).toEqual([]);
    await verify('now()');
    expect((await late.get(`/api/files/${id}`)).status).toBe(200);
    expect(await listed(late)).toContain(id);
  });

  it('tells the recipients who have a verified account, and no address to anybody', async () => {
    const unverified = await person('client');
    await api.query('UPDATE users SET email_verified_at = NULL WHERE id = $1', [unverified.userId]);
    const waiting = newAddress();
    const { id } = await restricted(waiting, ada.email, unverified.email, ops.email);
    expect(await told(id)).toEqual([ada.userId]);
    const rows = await api.query('SELECT data FROM events WHERE subject_id = $1', [id]);
    for (const address of [waiting, ada.email]) expect(JSON.stringify(rows)).not.toContain(address);
  });

  it('of a disabled owner is for nobody, and comes back with him; files of others stay', async () => {
    const owner = await person('ops');
    const attributes = { visibility: 'restricted', recipients: [ada.email] } as const;
    const { id } = await publishFile(api, owner, { attributes: { ...attributes, recipients: [ada.email] } });
    const kept = await restricted(ada.email);
    const link = await ada.downloadLink(id);
    await api.query('UPDATE users SET disabled_at = now() WHERE id = $1', [owner.userId]);
    expect((await ada.get(`/api/files/${id}`)).status).toBe(404);
    expect((await anonymous().get(link)).status).toBe(404);
    expect(await listed(ada)).toContain(kept.id);
    expect(await listed(ada)).not.toContain(id);
    await api.query('UPDATE users SET disabled_at = NULL WHERE id = $1', [owner.userId]);
    expect((await anonymous().get(link)).status).toBe(200);
  });

  it.each(['createdAt', '-createdAt', 'name', '-name', 'size', '-size'])(
    'stands in one list by %s with what every client sees, each file once',
    async (sort) => {
      const client = await person('client');
      for (let i = 0; i < 6; i++) {
        const attributes =
          i % 2 === 0 ? {} : { visibility: 'restricted' as const, recipients: [client.email] };
        await publishFile(api, ops, {
          name: `${'ba'[i % 2]}.docx`,
          plaintext: Buffer.alloc(1 + (i % 3)),
          attributes,
        });
      }
      const all = (await client.get(`/api/files?sort=${sort}&limit=100`)).body.items.map(
        ({ id }: { id: string }) => id,
      );
      const paged: string[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const next: string = cursor === '' ? '' : `&cursor=${cursor}`;
        const { body }: Answer = await client.get(`/api/files?sort=${sort}&limit=4${next}`);
        paged.push(...body.items.map(({ id }: { id: string }) => id));
        cursor = body.nextCursor;
      }
      expect(paged).toEqual(all);
      expect(new Set(paged).size).toBe(all.length);
      expect(all.length).toBeGreaterThanOrEqual(6);
    },
  );
});

describe('PATCH /files/:id', () => {
  it('changes what is named, and leaves the rest', async () => {
    const { id } = await publishFile(api, ops, {
      attributes: { title: 'old', tags: ['a'], maxDownloads: 2 },
    });
    const before = (await ops.get(`/api/files/${id}`)).body;
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const changes = { title: 'new \u202E🦊', description: 'D', tags: ['b', 'c'], expiresAt };
    const answer = await patchFile(ops, id, changes);
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, '"r2"']);
    expect(answer.body).toEqual({ ...before, ...changes, updatedAt: expect.any(String) });
    expect(answer.body.updatedAt > before.updatedAt).toBe(true);
    expect((await ops.get(`/api/files/${id}`)).body).toEqual(answer.body);

    const cleared = { title: null, description: null, tags: null, expiresAt: null, maxDownloads: null };
    expect((await patchFile(ops, id, cleared)).body).toMatchObject({ ...cleared, tags: [] });
    const soon = (await patchFile(ops, id, { expiresInSeconds: 60 })).body.expiresAt;
    expect(Math.abs(Date.parse(soon) - Date.now() - 60_000)).toBeLessThan(30_000);
    const data = await api.query(
      `SELECT data FROM events WHERE subject_id = $1 AND type = 'file.updated' ORDER BY id`,
      [id],
    );
    expect(data.map((row) => row.data)).toEqual(
      [
        ['title', 'description', 'tags', 'expiresAt'],
        ['title', 'description', 'tags', 'expiresAt', 'maxDownloads'],
        ['expiresAt'],
      ].map((changed) => ({ fileId: id, fileName: 'report.docx', changed })),
    );
  });

  it('is no change when all is so already: no revision, no event', async () => {
    const { id } = await restricted(ada.email, bob.email);
    const same = [
      {},
      { title: null },
      { title: ' ' },
      { tags: [] },
      { visibility: 'restricted' },
      { recipients: [bob.email, ada.email.toUpperCase(), ada.email] },
      { expiresInSeconds: null },
    ];
    for (const changes of same) {
      const answer = await patchFile(ops, id, changes);
      expect([changes, answer.status, answer.headers.get('etag')]).toEqual([changes, 200, '"r1"']);
    }
    expect((await stateOf(id)).recipients).toEqual([ada.email, bob.email].sort());
    expect((await eventsOf(api, id)).filter((type) => type === 'file.updated')).toEqual([]);
  });

  it('honours If-Match, also when somebody else was quicker', async () => {
    const { id } = await publishFile(api, ops);
    for (const condition of ['"r2"', 'W/"r1"', 'r1', '"x", "y"']) {
      const answer = await patchFile(ops, id, { title: 'x' }, { 'if-match': condition });
      expect(answer).toMatchObject({ status: 412, body: { code: 'PRECONDITION_FAILED' } });
    }
    expect((await patchFile(ops, id, { title: 'x' }, { 'if-match': '*' })).status).toBe(200);
    const racers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => patchFile(ops, id, { title: `by ${n}` }, { 'if-match': '"r2"' })),
    );
    expect(racers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(412)]);
    expect((await stateOf(id)).etag).toBe('"r3"');
    expect((await ops.get(`/api/files/${id}`, { 'if-none-match': '"r3"' })).status).toBe(304);
    expect((await ops.get(`/api/files/${id}`, { 'if-none-match': '"r2"' })).status).toBe(200);
  });

  it.each<[string, unknown]>([
    ['/name', { name: 'other.docx' }],
    ['/id', { id: uuidv7() }],
    ['/ownerId', { ownerId: uuidv7() }],
    ['/status', { status: 'available' }],
    ['/downloadCount', { downloadCount: 0 }],
    ['/title', { title: 5 }],
    ['/title', { title: 'x'.repeat(201) }],
    ['/title', { title: 'a\0' }],
    ['/description', { description: ['x'] }],
    ['/tags', { tags: 'a,b' }],
    ['/tags', { tags: [1] }],
    ['/tags', { tags: [null] }],
    ['/tags', { tags: ['x'.repeat(51)] }],
    ['/tags', { tags: Array.from({ length: 21 }, (_, n) => `t${n}`) }],
    ['/visibility', { visibility: null }],
    ['/visibility', { visibility: 'public' }],
    ['/visibility', { visibility: ['clients'] }],
    ['/recipients', { recipients: ['a@b.c'] }],
    ['/recipients', { recipients: ['a@b.c'], visibility: 'private' }],
    ['/recipients', { recipients: 'a@b.c', visibility: 'restricted' }],
    ['/recipients', { recipients: ['Ada <a@b.c>'], visibility: 'restricted' }],
    ['/recipients', { recipients: [{}], visibility: 'restricted' }],
    [
      '/recipients',
      { recipients: Array.from({ length: 101 }, (_, n) => `a${n}@b.c`), visibility: 'restricted' },
    ],
    ['/expiresAt', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['/expiresAt', { expiresAt: 4_000_000_000 }],
    ['/expiresAt', { expiresAt: '2999-01-01' }],
    ['/expiresInSeconds', { expiresInSeconds: 0 }],
    ['/expiresInSeconds', { expiresInSeconds: 1.5 }],
    ['/expiresInSeconds', { expiresInSeconds: '60' }],
    ['/expiresInSeconds', { expiresInSeconds: 60, expiresAt: '2999-01-01T00:00:00Z' }],
    ['/maxDownloads', { maxDownloads: 0 }],
    ['/maxDownloads', { maxDownloads: 2 ** 31 }],
    ['/maxDownloads', { maxDownloads: true }],
  ])('refuses a wrong %s: %j', async (pointer, changes) => {
    const { id } = await publishFile(api, ops);
    const answer = await patchFile(ops, id, changes);
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED', errors: [{ pointer }] } });
    expect((await stateOf(id)).etag).toBe('"r1"');
  });

  it.each(['[]', '1', '"x"', 'null', '{"title":', '{"__proto__":{"title":"x"}}'])(
    'refuses the body %s',
    async (body) => {
      const { id } = await publishFile(api, ops);
      const headers = { 'content-type': 'application/json' };
      const answer = await ops.request('PATCH', `/api/files/${id}`, { headers, body });
      expect(answer.status).toBe(400);
    },
  );

  it('does not wake what is over', async () => {
    const { id } = await publishFile(api, ops);
    await api.query(`UPDATE files SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]);
    expect((await patchFile(ops, id, { expiresAt: null })).status).toBe(410);
  });

  it('gives and takes recipients; access follows at once, through links too', async () => {
    const { id } = await publishFile(api, ops, { attributes: { visibility: 'private' } });
    const shared = await patchFile(ops, id, { visibility: 'restricted', recipients: [ada.email, bob.email] });
    expect(shared.body.recipients).toEqual([ada.email, bob.email].sort());
    const links = [await ada.downloadLink(id), await bob.downloadLink(id)];
    expect((await told(id)).sort()).toEqual([ada.userId, bob.userId].sort());

    await patchFile(ops, id, { recipients: [ada.email] });
    const statuses = async (): Promise<number[]> =>
      (await Promise.all(links.map((link) => anonymous().get(link)))).map(({ status }) => status);
    expect(await statuses()).toEqual([200, 404]);
    expect((await bob.get(`/api/files/${id}`)).status).toBe(404);
    expect(await listed(bob)).not.toContain(id);

    expect((await patchFile(ops, id, { recipients: null })).body.recipients).toEqual([]);
    expect(await statuses()).toEqual([404, 404]);
    await patchFile(ops, id, { recipients: [ada.email, bob.email] });
    expect(await statuses()).toEqual([200, 200]);
    await patchFile(ops, id, { visibility: 'private' });
    expect(await statuses()).toEqual([404, 404]);
    // Who was a recipient before is none again by the restriction alone.
    expect((await patchFile(ops, id, { visibility: 'restricted' })).body.recipients).toEqual([]);
    expect(await statuses()).toEqual([404, 404]);
    await patchFile(ops, id, { visibility: 'clients' });
    expect(await statuses()).toEqual([200, 200]);
  });

  it('leaves no grant behind when its file is forgotten, and takes none of another', async () => {
    const [gone, kept] = [await restricted(ada.email), await restricted(ada.email, bob.email)];
    await api.query('DELETE FROM file_grants WHERE file_id = $1 AND email = $2', [kept.id, bob.email]);
    expect((await bob.get(`/api/files/${kept.id}`)).status).toBe(404);
    await api.query('DELETE FROM files WHERE id = $1', [gone.id]);
    const left = await api.query('SELECT file_id, email FROM file_grants WHERE file_id = ANY($1)', [
      [gone.id, kept.id],
    ]);
    expect(left).toEqual([{ file_id: kept.id, email: ada.email }]);
    expect((await ada.get(`/api/files/${kept.id}`)).status).toBe(200);
  });
});

it('an upload that names recipients is restricted to them', () => {
  const fields: [string, string][] = [['recipients', `${ada.email}, ${ada.email.toUpperCase()}`]];
  expect(parseFileAttributes(fields, new Date())).toMatchObject({
    visibility: 'restricted',
    recipients: [ada.email],
  });
});
