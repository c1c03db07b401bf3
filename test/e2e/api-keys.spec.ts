import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SCOPES, type Scope } from '@waybill/core/kernel';
import { CredentialSweeper } from '@waybill/features/auth';
import { Accounts, PASSWORD, type Person } from '../support/accounts';
import { ApiApp } from '../support/api-app';
import { ApiClient, type Answer } from '../support/system/api-client';

let api: ApiApp;
let accounts: Accounts;
let ops: Person;

beforeAll(async () => {
  api = await ApiApp.start();
  accounts = new Accounts(api);
  ops = await accounts.person('ops');
});
afterAll(() => api.stop());

const make = (person: Person, wish: object = {}): Promise<Answer> =>
  person.client.post('/api/auth/api-keys', { name: 'nightly import', scopes: ['files:read'], ...wish });

/** A client that speaks by a new key. */
async function keyOf(person: Person, ...scopes: Scope[]): Promise<ApiClient & { keyId: string }> {
  const { status, body } = await make(person, { scopes });
  expect(status).toBe(201);
  return Object.assign(new ApiClient(api.url, body.key), { keyId: body.id as string });
}

describe('making a key', () => {
  it('shows it once, and keeps its hash alone', async () => {
    const answer = await make(ops, { expiresInSeconds: 3600, scopes: ['files:read', 'files:read'] });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.any(String),
      name: 'nightly import',
      scopes: ['files:read'],
      key: expect.stringMatching(/^wb_[\w-]{43}$/),
      createdAt: expect.any(String),
      expiresAt: expect.any(String),
      lastUsedAt: null,
    });
    const lifetime = Date.parse(answer.body.expiresAt) - Date.parse(answer.body.createdAt);
    expect(Math.round(lifetime / 60_000)).toBe(60);
    const secret = answer.body.key.slice(3);
    const rows = await api.query('SELECT * FROM api_keys WHERE id = $1', [answer.body.id]);
    expect(rows[0].key_hash).toHaveLength(32);
    expect(JSON.stringify(rows)).not.toContain(secret);
    const list = await ops.client.get('/api/auth/api-keys');
    expect(list.bytes.toString()).not.toContain(secret);
    const { key: _, ...shown } = answer.body;
    expect(list.body.items).toContainEqual(shown);
    expect(await accounts.events(ops.id)).toContain('api_key.created');
  });

  it.each([
    ['no name', { name: undefined }, '/name'],
    ['a long name', { name: 'x'.repeat(101) }, '/name'],
    ['no scope', { scopes: [] }, '/scopes'],
    ['an unknown scope', { scopes: ['admin'] }, '/scopes'],
    ['a scope that is no list', { scopes: 'files:read' }, '/scopes'],
    ['a past end', { expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'],
    ['a far end', { expiresAt: '2999-01-01T00:00:00Z' }, '/expiresAt'],
    ['an end that is none', { expiresAt: 'tomorrow' }, '/expiresAt'],
    ['two ends', { expiresAt: '2999-01-01T00:00:00Z', expiresInSeconds: 5 }, '/expiresAt'],
    ['no time', { expiresInSeconds: 0 }, '/expiresInSeconds'],
    ['more than a year', { expiresInSeconds: 400 * 86_400 }, '/expiresInSeconds'],
    ['a role', { role: 'admin' }, '/role'],
    ['another owner', { userId: randomUUID() }, '/userId'],
  ])('refuses %s', async (_name, wish, pointer) => {
    const answer = await make(ops, wish);
    expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  it('keeps a hostile name as the text that it is', async () => {
    const name = '<img src=x onerror=alert(1)>{{7*7}}\r\nBcc: x@y.z';
    const { body } = await make(ops, { name });
    expect(body.name).toBe(name);
  });

  it('lists them in pages, each user his own', async () => {
    const person = await accounts.person();
    const ids = [];
    for (let nth = 0; nth < 3; nth++) ids.push((await make(person)).body.id);
    const first = await person.client.get('/api/auth/api-keys?limit=2');
    const second = await person.client.get(`/api/auth/api-keys?limit=2&cursor=${first.body.nextCursor}`);
    expect(first.headers.get('link')).toContain('rel="next"');
    const seen = [...first.body.items, ...second.body.items].map(({ id }) => id);
    expect(seen).toEqual(ids.toReversed());
    expect(second.body.nextCursor).toBeNull();
    expect((await ops.client.get(`/api/auth/api-keys?cursor=${first.body.nextCursor}`)).status).toBe(400);
  });
});

describe('using a key', () => {
  // What each route answers to whom it lets in; 403 is what a key without the scope hears.
  const id = randomUUID();
  const routes: [method: string, path: string, scopes: Scope[], otherwise: number][] = [
    ['GET', '/api/files', ['files:read'], 200],
    ['GET', `/api/files/${id}`, ['files:read'], 404],
    ['GET', `/api/files/${id}/content`, ['files:read'], 404],
    ['POST', `/api/files/${id}/download-link`, ['files:read'], 404],
    ['DELETE', `/api/files/${id}`, ['files:write'], 404],
    ['GET', `/api/upload/progress/${id}`, ['files:read', 'files:write'], 404],
    ['POST', `/api/upload/cancel/${id}`, ['files:write'], 404],
    ['POST', `/api/upload/retry/${id}`, ['files:write'], 404],
    ['GET', '/api/auth/me', [], 200],
    ['GET', '/api/auth/api-keys', [], 200],
    ['DELETE', `/api/auth/api-keys/${id}`, [], 404],
    ['GET', '/api/users', [], 200],
    ['GET', `/api/users/${id}`, [], 404],
    ['DELETE', `/api/users/${id}`, [], 404],
  ];

  it.each(SCOPES)('of scope %s opens the routes that name it, and no other', async (scope) => {
    const key = await keyOf(await accounts.person('admin'), scope);
    for (const [method, path, scopes, otherwise] of routes) {
      const { status, body, headers } = await key.request(method, path);
      const expected = scopes.includes(scope) ? otherwise : 403;
      expect([method, path, status]).toEqual([method, path, expected]);
      if (expected !== 403) continue;
      expect(body.code).toBe('FORBIDDEN');
      expect(headers.get('www-authenticate')).toContain('error="insufficient_scope"');
    }
  });

  it('is never more than its owner may', async () => {
    const person = await accounts.person('client');
    const key = await keyOf(person, ...SCOPES);
    const document = await readFile(join(__dirname, '../fixtures/documents/report.docx'));
    expect((await key.get('/api/files')).status).toBe(200);
    expect((await key.upload(document)).status).toBe(403);
  });

  it('uploads, with the scope', async () => {
    const document = await readFile(join(__dirname, '../fixtures/documents/report.docx'));
    expect((await (await keyOf(ops, 'files:write')).upload(document)).status).toBe(201);
    expect((await (await keyOf(ops, 'files:read')).upload(document)).status).toBe(403);
  });

  it.each([
    ['make a key', (key: ApiClient) => key.post('/api/auth/api-keys', { name: 'x', scopes: [...SCOPES] })],
    [
      'change the password',
      (key: ApiClient) =>
        key.post('/api/auth/password/change', { currentPassword: PASSWORD, newPassword: 'another horse' }),
    ],
    ['become a session', (key: ApiClient) => key.post('/api/auth/refresh', { refreshToken: key.token })],
  ])('cannot %s', async (_what, attempt) => {
    const key = await keyOf(ops, ...SCOPES);
    expect([401, 403]).toContain((await attempt(key)).status);
  });

  it.each(['access_token', 'api_key', 'key', 'token'])('is not taken from the query: %s', async (name) => {
    const { token } = await keyOf(ops, 'files:read');
    const { status } = await new ApiClient(api.url).get(`/api/files?${name}=${token}`);
    expect(status).toBe(401);
  });

  it('is noted, once a minute at most', async () => {
    const key = await keyOf(ops, 'files:read');
    const used = async (): Promise<Date | null> =>
      (await api.query('SELECT last_used_at FROM api_keys WHERE id = $1', [key.keyId]))[0].last_used_at;
    expect(await used()).toBeNull();
    await key.get('/api/files');
    const first = await used();
    expect(first).not.toBeNull();
    await key.get('/api/files');
    expect(await used()).toEqual(first);
    await api.query(`UPDATE api_keys SET last_used_at = now() - interval '61 seconds' WHERE id = $1`, [
      key.keyId,
    ]);
    await key.get('/api/files');
    expect((await used())!.getTime()).toBeGreaterThan(first!.getTime());
  });
});

describe('the end of a key', () => {
  let admin: Person;
  beforeAll(async () => {
    admin = await accounts.person('admin');
  });

  const patch = (id: string, body: object) =>
    admin.client.request('PATCH', `/api/users/${id}`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  it.each([
    [
      'revoking',
      (person: Person, key: { keyId: string }) => person.client.delete(`/api/auth/api-keys/${key.keyId}`),
    ],
    [
      'expiry',
      (_person: Person, key: { keyId: string }) =>
        api.query('UPDATE api_keys SET expires_at = now() WHERE id = $1', [key.keyId]),
    ],
    ['disabling its owner', (person: Person) => patch(person.id, { disabled: true })],
    ['deleting its owner', (person: Person) => admin.client.delete(`/api/users/${person.id}`)],
  ])('comes at once by %s', async (_how, end) => {
    const person = await accounts.person('ops');
    const key = await keyOf(person, 'files:read');
    expect((await key.get('/api/files')).status).toBe(200);
    await end(person, key);
    const answer = await key.get('/api/files');
    expect([answer.status, answer.body.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('comes with a forgotten password, which somebody else may have used', async () => {
    const person = await accounts.person('ops');
    const key = await keyOf(person, 'files:read');
    await new ApiClient(api.url).post('/api/auth/password/forgot', { email: person.email });
    const token = (await accounts.link(person.id, 'password_reset'))!.pathname.split('/').at(-1);
    await new ApiClient(api.url).post('/api/auth/password/reset', { token, password: 'another horse' });
    expect((await key.get('/api/files')).status).toBe(401);
  });

  it('demotion takes from it what it takes from its owner', async () => {
    const person = await accounts.person('ops');
    const key = await keyOf(person, 'files:write');
    const probe = () => key.post(`/api/upload/cancel/${randomUUID()}`);
    expect((await probe()).status).toBe(404);
    await patch(person.id, { role: 'client' });
    expect((await probe()).status).toBe(403);
  });

  it('is its owner’s to bring about', async () => {
    const key = await keyOf(ops, 'files:read');
    const other = await accounts.person('ops');
    expect((await other.client.delete(`/api/auth/api-keys/${key.keyId}`)).status).toBe(404);
    expect((await key.get('/api/files')).status).toBe(200);
    expect((await ops.client.delete(`/api/auth/api-keys/${key.keyId}`)).status).toBe(204);
    expect((await ops.client.delete(`/api/auth/api-keys/${key.keyId}`)).status).toBe(404);
    expect(await accounts.events(ops.id)).toContain('api_key.revoked');
  });

  it('is swept', async () => {
    const key = await keyOf(ops, 'files:read');
    await api.query('UPDATE api_keys SET expires_at = now() WHERE id = $1', [key.keyId]);
    await api.app.get(CredentialSweeper, { strict: false }).run();
    expect(await api.query('SELECT 1 FROM api_keys WHERE id = $1', [key.keyId])).toEqual([]);
  });
});
