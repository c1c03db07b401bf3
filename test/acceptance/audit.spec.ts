import { randomUUID } from 'node:crypto';
import { genuine } from '../fixtures/documents';
import { rawRequest } from '../support/raw-request';
import { TestSystem, waitFor, type ApiClient, type TestUser } from '../support/system';

jest.setTimeout(60_000);

type Person = ApiClient & { user: TestUser };
interface Entry {
  id: string;
  at: string;
  action: string;
  outcome: string;
  code: string | null;
  actorId: string | null;
  objectId: string | null;
  address: string | null;
  requestId: string | null;
  times: number;
}

let system: TestSystem;
let admin: Person;
let owner: Person;
let stranger: Person;
let fileId: string;

beforeAll(async () => {
  system = await TestSystem.start();
  [admin, owner, stranger] = await Promise.all([
    system.client('admin'),
    system.client('ops'),
    system.client('ops'),
  ]);
  ({ fileId } = await owner.uploadAndWait(genuine('report.docx'), { fields: { visibility: 'private' } }));
}, 60_000);
afterAll(() => system?.stop(), 30_000);

async function entries(filter: Record<string, string>): Promise<Entry[]> {
  const { status, body } = await admin.get(
    `/api/audit?${new URLSearchParams({ limit: '100', ...filter }).toString()}`,
  );
  expect(status).toBe(200);
  return body.items as Entry[];
}

/** Waits for an entry, which comes a moment after what it tells of. */
const entry = (filter: Record<string, string>, is: (each: Entry) => boolean = () => true): Promise<Entry> =>
  waitFor(`the audit of ${JSON.stringify(filter)}`, async () => (await entries(filter)).find(is));

describe('A01 the audit', () => {
  it('A01 says who was denied what on which object, from where, and by which request', async () => {
    const { headers } = await stranger.get(`/api/files/${fileId}?x="%0d%0a`);
    const found = await entry({ actorId: stranger.user.id, objectId: fileId, outcome: 'denied' });
    expect(found).toMatchObject({
      action: 'GET /api/files/:id',
      code: 'NOT_FOUND',
      address: '127.0.0.1',
      requestId: headers.get('x-request-id'),
      times: 1,
    });
    expect(Math.abs(Date.now() - Date.parse(found.at))).toBeLessThan(60_000);
  });

  it.each<[string, string, () => Promise<unknown>, () => Record<string, string>]>([
    [
      'a role that may not',
      'FORBIDDEN',
      () => stranger.get('/api/users'),
      () => ({ actorId: stranger.user.id }),
    ],
    [
      'nobody',
      'UNAUTHENTICATED',
      () => system.anonymous().delete(`/api/files/${fileId}`),
      () => ({ objectId: fileId, action: 'DELETE /api/files/:id' }),
    ],
    [
      'a wrong password',
      'INVALID_CREDENTIALS',
      () => system.anonymous().login(owner.user.email, 'wrong password'),
      () => ({ objectId: owner.user.id, action: 'POST /api/auth/login' }),
    ],
  ])('A01 has what was denied to %s: %s', async (_name, code, act, filter) => {
    await act();
    expect(await entry({ outcome: 'denied', ...filter() }, (each) => each.code === code)).toBeDefined();
  });

  it('A01 has the reuse of a refresh token as REFRESH_REUSE', async () => {
    const user = await system.createUser('client');
    const { body } = await system.anonymous().login(user.email, user.password);
    const refresh = (): Promise<unknown> =>
      system.anonymous().post('/api/auth/refresh', { refreshToken: body.refreshToken });
    await refresh();
    await refresh();
    const found = await entry({ action: 'session.reuse_detected' });
    expect(found).toMatchObject({ code: 'REFRESH_REUSE', outcome: 'denied' });
  });

  it('A01 has what admins looked at and changed, and keys that were made and revoked', async () => {
    await admin.get(`/api/users/${owner.user.id}`);
    await admin.request('PATCH', `/api/users/${stranger.user.id}`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ fullName: 'Somebody' }),
    });
    const key = await owner.post('/api/auth/api-keys', { name: 'one', scopes: ['files:read'] });
    await owner.delete(`/api/auth/api-keys/${key.body.id}`);
    const by = { actorId: admin.user.id, outcome: 'allowed' };
    await entry({ ...by, action: 'GET /api/users/:id', objectId: owner.user.id });
    await entry({ ...by, action: 'user.updated', objectId: stranger.user.id });
    await entry({ ...by, action: 'GET /api/audit' });
    for (const action of ['api_key.created', 'api_key.revoked'])
      await entry({ actorId: owner.user.id, action });
  });

  it('A01 makes one entry of a flood, and holds no secret and no second line', async () => {
    const password = `secret ${randomUUID()}`;
    const from = '127.9.9.9';
    const send = (): Promise<unknown> =>
      rawRequest(system.url, 'POST', '/api/auth/login', {
        headers: { 'content-type': 'application/json', 'x-request-id': 'a\tb"c' },
        body: JSON.stringify({ email: 'nobody@example.org', password }),
        from,
      });
    await Promise.all(Array.from({ length: 30 }, send));
    const total = async (): Promise<number> =>
      (await entries({ action: 'POST /api/auth/login' }))
        .filter(({ address }) => address === from)
        .reduce((sum, { times }) => sum + times, 0);
    await waitFor('all to be counted', async () => (await total()) === 30);
    const rows = await system.query<{ row: string }>('SELECT audit_log::text AS row FROM audit_log');
    expect(rows.filter(({ row }) => row.includes(password) || /[\r\n]/.test(row))).toEqual([]);
    expect(rows.length).toBeLessThan(200);
  });

  it('A01 goes page by page, in order, and by time', async () => {
    const all = await entries({});
    const paged: string[] = [];
    let path: string | null = `/api/audit?limit=2&to=${all[0]!.at}`;
    for (let page = 0; path !== null && page < 3; page++) {
      const { body }: { body: { items: Entry[]; nextCursor: string | null } } = await admin.get(path);
      paged.push(...body.items.map(({ id }) => id));
      path = body.nextCursor && `/api/audit?limit=2&to=${all[0]!.at}&cursor=${body.nextCursor}`;
    }
    const before = all.filter(({ at }) => at < all[0]!.at).map(({ id }) => id);
    expect(paged).toEqual(before.slice(0, paged.length));
    expect(paged).toHaveLength(6);
    expect(await entries({ from: new Date(Date.now() + 86_400_000).toISOString() })).toEqual([]);
    expect((await admin.get('/api/audit?cursor=forged')).status).toBe(400);
    expect((await admin.get('/api/audit?from=yesterday')).status).toBe(400);
  });

  it.each(['UPDATE audit_log SET actor_id = NULL', 'DELETE FROM audit_log', 'TRUNCATE audit_log'])(
    'A01 is append-only: %s',
    async (statement) => {
      await expect(system.query(statement)).rejects.toThrow('append-only');
    },
  );

  it('A01 forgets what is older than is asked, and nothing younger', async () => {
    const old = randomUUID()
      .replace(/^.{13}/, '00000000-0000')
      .replace(/-4/, '-7');
    await system.query(
      `INSERT INTO audit_log (id, at, action, outcome) VALUES ($1, now() - interval '366 days', 'old', 'denied')`,
      [old],
    );
    await waitFor(
      'the sweep',
      async () => (await system.query('SELECT FROM audit_log WHERE id = $1', [old])).length === 0,
    );
    expect((await entries({})).length).toBeGreaterThan(10);
  });
});
