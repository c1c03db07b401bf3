import { hashToken, randomBytes, sha256 } from '@waybill/core/crypto';
import { uuidv7 } from '@waybill/core/kernel';
import { ApiApp } from '../support/api-app';
import { comparable, createPerson, eventsOf, patchFile, publishFile, type Person } from '../support/files';
import { share, unlock, type Shared } from '../support/shares';
import { ApiClient, waitFor } from '../support/system';

jest.setTimeout(60_000);

let api: ApiApp;
let ops: Person;
let other: Person;
let client: Person;
let anybody: ApiClient;

beforeAll(async () => {
  api = await ApiApp.start();
  ops = await createPerson(api, 'ops');
  other = await createPerson(api, 'ops');
  client = await createPerson(api, 'client');
  anybody = new ApiClient(api.url);
});

afterAll(() => api?.stop());

const publish = (plaintext = randomBytes(3000), attributes = {}): ReturnType<typeof publishFile> =>
  publishFile(api, ops, { plaintext, attributes: { visibility: 'private', ...attributes } });

const HTML = { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' };

function submit({ path }: Shared, fields: Record<string, string> = {}): ReturnType<ApiClient['request']> {
  return anybody.request('POST', path, {
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...HTML },
    body: new URLSearchParams(fields).toString(),
  });
}

const change = (caller: ApiClient, id: string, body: unknown, headers: Record<string, string> = {}) =>
  caller.request('PATCH', `/api/shares/${id}`, {
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

describe('a share', () => {
  it('is made, told once, and kept as a hash', async () => {
    const file = await publish();
    const before = Date.now();
    const { id, token, body } = await share(ops, file.id, { maxDownloads: 2 });
    expect(body).toEqual({
      id: expect.any(String),
      fileId: file.id,
      fileIds: [file.id],
      name: null,
      token: expect.stringMatching(/^[\w-]{43}$/),
      shareUrl: `http://waybill.test/s/${token}`,
      directUrl: `http://waybill.test/api/share/${token}`,
      expiresAt: expect.any(String),
      maxDownloads: 2,
      downloadCount: 0,
      passwordProtected: false,
      revokedAt: null,
      createdAt: expect.any(String),
    });
    expect((Date.parse(body.expiresAt) - before) / 86_400_000).toBeCloseTo(7, 2);
    const { items } = (await ops.get(`/api/files/${file.id}/shares`)).body;
    const { token: _, shareUrl: __, directUrl: ___, ...kept } = body;
    expect(items).toEqual([kept]);
    expect((await ops.get(`/api/shares/${id}`)).body).toEqual(kept);
    const [row] = await api.query('SELECT * FROM shares WHERE id = $1', [id]);
    expect(row.token_hash.equals(hashToken(token))).toBe(true);
    expect(JSON.stringify(row)).not.toContain(token);
    expect(await eventsOf(api, id)).toEqual(['share.created']);
  });

  it('hands its file to whoever has the link, counts that, and says so', async () => {
    const file = await publish(randomBytes(2_000_000));
    const { id, path } = await share(ops, file.id, { maxDownloads: 1 });
    expect((await anybody.get(`${path}/info`)).body).toEqual({
      name: 'report.docx',
      size: 2_000_000,
      mediaType: expect.stringContaining('wordprocessingml'),
      expiresAt: expect.any(String),
      passwordProtected: false,
      remainingDownloads: 1,
    });
    const head = await anybody.request('HEAD', path);
    expect(head.status).toBe(200);
    const got = await anybody.get(path);
    expect([got.status, got.bytes.equals(file.plaintext)]).toEqual([200, true]);
    expect(got.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(got.headers.get('etag')).toBe(`"${sha256(file.plaintext).toString('base64url')}"`);
    for (const method of ['GET', 'HEAD']) expect((await anybody.request(method, path)).status).toBe(410);
    expect((await anybody.get(`${path}/info`)).body.remainingDownloads).toBe(0);
    expect((await ops.get(`/api/shares/${id}`)).body.downloadCount).toBe(1);
    expect((await ops.get(`/api/files/${file.id}`)).body.downloadCount).toBe(1);
    const told = await waitFor('the news', async () => {
      const [event] = await api.query(
        `SELECT * FROM events WHERE subject_id = $1 AND type = 'share.downloaded'`,
        [id],
      );
      return event;
    });
    expect(told).toMatchObject({
      actor_id: null,
      owner_id: ops.userId,
      data: { shareId: id, fileIds: [file.id], fileName: 'report.docx' },
    });
  });

  it('is charged together with its file, or not at all', async () => {
    const file = await publish(randomBytes(1000), { maxDownloads: 1, visibility: 'clients' });
    const first = await share(ops, file.id);
    const second = await share(ops, file.id, { maxDownloads: 5 });
    expect((await anybody.get(first.path)).status).toBe(200);
    expect((await anybody.get(second.path)).status).toBe(410);
    expect((await client.get(await linkOf(file.id))).status).toBe(410);
    expect((await ops.get(`/api/shares/${second.id}`)).body.downloadCount).toBe(0);
    await patchFile(ops, file.id, { maxDownloads: 2 });
    expect((await anybody.get(second.path)).status).toBe(200);
    expect((await ops.get(`/api/files/${file.id}`)).body.downloadCount).toBe(2);
  });

  it.each<[string, (shared: Shared, fileId: string) => Promise<unknown>]>([
    ['it was revoked', ({ id }) => ops.delete(`/api/shares/${id}`)],
    ['it expired', ({ id }) => api.query(`UPDATE shares SET expires_at = now() WHERE id = $1`, [id])],
    ['its file was deleted', (_, id) => ops.delete(`/api/files/${id}`)],
    ['its file expired', (_, id) => api.query(`UPDATE files SET expires_at = now() WHERE id = $1`, [id])],
    [
      'its limit was lowered',
      async ({ id, path }) => {
        await anybody.get(path);
        await anybody.get(path);
        expect((await change(ops, id, { maxDownloads: 1 })).status).toBe(200);
      },
    ],
  ])('is over when %s', async (_, end) => {
    const file = await publish();
    const shared = await share(ops, file.id);
    await end(shared, file.id);
    for (const method of ['GET', 'HEAD'])
      expect((await anybody.request(method, shared.path)).status).toBe(410);
    expect((await anybody.get(shared.page)).status).toBe(410);
    expect((await submit(shared)).status).toBeGreaterThanOrEqual(303);
  });

  it.each([
    ['/expiresAt', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['/expiresAt', { expiresAt: 'tomorrow' }],
    ['/expiresAt', { expiresAt: new Date(Date.now() + 91 * 86_400_000).toISOString() }],
    ['/expiresInSeconds', { expiresInSeconds: 91 * 86_400 }],
    ['/expiresInSeconds', { expiresInSeconds: 60, expiresAt: new Date(Date.now() + 1000).toISOString() }],
    ['/expiresInSeconds', { expiresInSeconds: 0 }],
    ['/maxDownloads', { maxDownloads: 0 }],
    ['/maxDownloads', { maxDownloads: 2 ** 31 }],
    ['/password', { password: '' }],
    ['/password', { password: 'x'.repeat(129) }],
    ['/password', { password: ['a'] }],
    ['/password', { password: 'a\0b' }],
    ['/token', { token: 'mine' }],
  ])('is refused for %s in %j', async (pointer, wish) => {
    const { id } = await publish();
    const answer = await ops.post(`/api/files/${id}/share`, wish);
    expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([400, pointer]);
    expect(await api.query('SELECT 1 FROM share_files WHERE file_id = $1', [id])).toEqual([]);
  });

  it('is made once for each Idempotency-Key', async () => {
    const { id } = await publish();
    const key = { 'idempotency-key': uuidv7() };
    const [first, again] = [
      await ops.post(`/api/files/${id}/share`, { maxDownloads: 1 }, key),
      await ops.post(`/api/files/${id}/share`, { maxDownloads: 1 }, key),
    ];
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect((await ops.post(`/api/files/${id}/share`, { maxDownloads: 2 }, key)).status).toBe(422);
    expect((await ops.get(`/api/files/${id}/shares`)).body.items).toHaveLength(1);
  });

  it('is changed where If-Match agrees', async () => {
    const { id: fileId } = await publish();
    const { id } = await share(ops, fileId);
    const etag = (await ops.get(`/api/shares/${id}`)).headers.get('etag')!;
    const changed = await change(ops, id, { maxDownloads: 4, expiresInSeconds: 60 }, { 'if-match': etag });
    expect([changed.status, changed.body.maxDownloads]).toEqual([200, 4]);
    expect(changed.headers.get('etag')).not.toBe(etag);
    expect((await change(ops, id, { maxDownloads: 5 }, { 'if-match': etag })).status).toBe(412);
    expect((await ops.delete(`/api/shares/${id}`, { 'if-match': etag })).status).toBe(412);
    expect((await change(ops, id, { maxDownloads: null })).body.maxDownloads).toBeNull();
    expect((await change(ops, id, { expiresAt: null })).status).toBe(400);
    expect((await ops.delete(`/api/shares/${id}`)).status).toBe(204);
    expect((await ops.delete(`/api/shares/${id}`)).status).toBe(204);
    expect((await change(ops, id, { maxDownloads: 5 })).status).toBe(410);
    expect(await eventsOf(api, id)).toEqual([
      'share.created',
      'share.updated',
      'share.updated',
      'share.revoked',
    ]);
  });

  it('A01 is nobody’s but its owner’s', async () => {
    const file = await publish();
    const { id } = await share(ops, file.id);
    for (const [method, path] of [
      ['POST', '/api/files/:id/share'],
      ['GET', '/api/files/:id/shares'],
    ] as const) {
      const [theirs, nobodys] = await Promise.all(
        [file.id, uuidv7()].map((which) => ask(other, method, path.replace(':id', which))),
      );
      expect([theirs!.status, comparable(theirs!)]).toEqual([404, comparable(nobodys!)]);
    }
    for (const caller of [other, client]) {
      for (const method of ['GET', 'PATCH', 'DELETE']) {
        const [theirs, nobodys] = await Promise.all(
          [id, uuidv7()].map((which) => ask(caller, method, `/api/shares/${which}`)),
        );
        expect([theirs!.status, comparable(theirs!)]).toEqual([404, comparable(nobodys!)]);
      }
    }
    expect((await ops.get(`/api/shares/${id}`)).body.revokedAt).toBeNull();
  });

  it('is listed page by page', async () => {
    const { id } = await publish();
    const made = [];
    for (let turn = 0; turn < 5; turn++) made.unshift((await share(ops, id)).id);
    const first = await ops.get(`/api/files/${id}/shares?limit=3`);
    expect(first.headers.get('link')).toContain('rel="next"');
    const second = await ops.get(`/api/files/${id}/shares?limit=3&cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...second.body.items].map((item) => item.id)).toEqual(made);
    expect(second.body.nextCursor).toBeNull();
  });

  it('is open to API keys that are for shares', async () => {
    const { id } = await publish();
    const keyFor = async (scopes: string[]) =>
      new ApiClient(api.url, (await ops.post('/api/auth/api-keys', { name: 'k', scopes })).body.key);
    expect((await (await keyFor(['shares'])).post(`/api/files/${id}/share`, {})).status).toBe(201);
    expect((await (await keyFor(['files:write'])).post(`/api/files/${id}/share`, {})).status).toBe(403);
  });
});

describe('a share with a password', () => {
  let shared: Shared;
  beforeEach(async () => (shared = await share(ops, (await publish()).id, { password: 'blue heron' })));

  it('tells little, and gives nothing without a ticket', async () => {
    expect((await anybody.get(`${shared.path}/info`)).body).toMatchObject({
      name: null,
      mediaType: null,
      passwordProtected: true,
    });
    for (const headers of [
      {},
      { authorization: 'Bearer x' },
      { authorization: `Bearer ${ops.token}` },
    ] as Record<string, string>[]) {
      expect((await anybody.get(shared.path, headers)).status).toBe(401);
    }
    expect((await ops.get(`/api/shares/${shared.id}`)).body).toMatchObject({
      passwordProtected: true,
      downloadCount: 0,
    });
    const [row] = await api.query('SELECT password_hash FROM shares WHERE id = $1', [shared.id]);
    expect(row.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('opens with it, in header and address, until the password changes', async () => {
    const { body, status } = await unlock(anybody, shared, 'blue heron');
    expect([status, body]).toEqual([200, { ticket: expect.any(String), expiresIn: 3600 }]);
    const bearer = { authorization: `Bearer ${body.ticket}` };
    expect((await anybody.get(shared.path, bearer)).status).toBe(200);
    expect((await anybody.get(`${shared.path}?ticket=${body.ticket}`)).status).toBe(200);
    expect((await anybody.get(`${shared.path}/info?ticket=${body.ticket}`)).body.name).toBe('report.docx');

    const another = await share(ops, (await publish()).id, { password: 'blue heron' });
    expect((await anybody.get(another.path, bearer)).status).toBe(401);
    for (const forged of [body.ticket.slice(0, -2), `${body.ticket}A`, '', 'x'.repeat(5000)]) {
      expect((await anybody.get(`${shared.path}?ticket=${forged}`)).status).toBe(401);
    }
    await change(ops, shared.id, { password: 'blue heron' });
    expect((await anybody.get(shared.path, bearer)).status).toBe(401);
    await change(ops, shared.id, { password: null });
    expect((await anybody.get(shared.path)).status).toBe(200);
  });

  it.each([undefined, null, [], {}, ['blue heron'], 5, true, 'a\0b', 'x'.repeat(2000)])(
    'L06 is not opened by %.20j',
    async (password) => {
      expect((await unlock(anybody, shared, password)).status).toBe(400);
      expect((await unlock(anybody, shared, 'blue heron')).status).toBe(200);
    },
  );
});

describe('the page for people', () => {
  it('says what there is, and never counts', async () => {
    const file = await publishFile(api, ops, {
      name: 'Angebot <b>&"Frühjahr"</b>.docx',
      plaintext: randomBytes(1_400_000),
    });
    const { id, page, path } = await share(ops, file.id, { maxDownloads: 3 });
    const { status, headers, bytes } = await anybody.get(page, HTML);
    const text = bytes.toString();
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = headers.get('content-security-policy')!;
    for (const part of [
      "default-src 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ]) {
      expect(policy).toContain(part);
    }
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(text).toContain('Angebot &lt;b&gt;&amp;&quot;Frühjahr&quot;&lt;/b&gt;.docx');
    expect(text).toContain('1.4 MB');
    expect(text).not.toMatch(/<script|https?:\/\/(?!www\.w3)|style="/);
    for (let look = 0; look < 3; look++) {
      const led = await anybody.get(path, HTML);
      expect([led.status, led.headers.get('location')]).toEqual([303, page]);
    }
    expect((await anybody.request('HEAD', page)).status).toBe(200);
    expect((await ops.get(`/api/shares/${id}`)).body.downloadCount).toBe(0);
  });

  it('has a form that leads to the bytes', async () => {
    const file = await publish();
    const shared = await share(ops, file.id);
    const led = await submit(shared);
    expect(led.status).toBe(303);
    const got = await anybody.get(led.headers.get('location')!, HTML);
    expect([got.status, got.bytes.equals(file.plaintext)]).toEqual([200, true]);
    expect((await ops.get(`/api/shares/${shared.id}`)).body.downloadCount).toBe(1);
  });

  it('asks for the password, and says when it is wrong', async () => {
    const file = await publish();
    const shared = await share(ops, file.id, { password: 'blue heron' });
    const page = (await anybody.get(shared.page, HTML)).bytes.toString();
    expect(page).toMatch(/<input[^>]*type="password"/);
    expect(page).not.toContain('report.docx');
    const wrong = await submit(shared, { password: 'red heron' });
    expect([wrong.status, wrong.bytes.toString()]).toEqual([401, expect.stringContaining('role="alert"')]);
    const right = await submit(shared, { password: 'blue heron' });
    const got = await anybody.get(right.headers.get('location')!, HTML);
    expect(got.bytes.equals(file.plaintext)).toBe(true);
    const stale = await anybody.get(`${shared.path}?ticket=stale`, HTML);
    expect([stale.status, stale.headers.get('location')]).toEqual([303, shared.page]);
  });

  it.each(['/s/nothing', `/s/${'A'.repeat(43)}`, '/s/%F0%9F%A6%8A'])(
    'of %s says that there is nothing',
    async (path) => {
      const { status, bytes } = await anybody.get(path, HTML);
      expect([status, bytes.toString()]).toEqual([
        404,
        expect.stringContaining('nothing under this address'),
      ]);
    },
  );

  it('L01 is found under its token alone', async () => {
    const { token, path } = await share(ops, (await publish()).id);
    for (const wrong of [
      token.slice(1),
      `${token}A`,
      `${token}=`,
      token.toLowerCase(),
      `A${token.slice(1)}`,
    ]) {
      if (wrong === token) continue;
      const answer = await anybody.get(path.replace(token, encodeURIComponent(wrong)));
      expect(comparable(answer)).toEqual(comparable(await anybody.get(path.replace(token, 'B'.repeat(43)))));
      expect(answer.status).toBe(404);
    }
  });
});

async function linkOf(fileId: string): Promise<string> {
  const { items } = (await client.get('/api/files?include=downloadUrl')).body;
  const url = items.find((item: { id: string }) => item.id === fileId).downloadUrl as string;
  return new URL(url).pathname;
}

function ask(caller: ApiClient, method: string, path: string): ReturnType<ApiClient['request']> {
  if (method === 'GET' || method === 'DELETE') return caller.request(method, path);
  return caller.request(method, path, { headers: { 'content-type': 'application/json' }, body: '{}' });
}
