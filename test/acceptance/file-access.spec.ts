import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { sha256 } from '@waybill/core/crypto';
import { largeDocument } from '../fixtures/documents';
import {
  ApiClient,
  assertInvariants,
  LeakScanner,
  TestSystem,
  waitFor,
  type Answer,
  type TestUser,
} from '../support/system';

jest.setTimeout(120_000);

type Caller = ApiClient & { user: TestUser };

/** More than sockets and buffers on the way hold, so that whoever does not read stops the sender. */
const LARGE = Buffer.concat([...largeDocument(32 * 1024 * 1024)]);
const SMALL = Buffer.concat([...largeDocument(8 * 1024)]);

let system: TestSystem;
let ops: Caller;
let ada: Caller;
let bob: Caller;

beforeAll(async () => {
  system = await TestSystem.start({ apis: 2, env: { LOG_LEVEL: 'debug' } });
  [ops, ada, bob] = await Promise.all([
    system.client('ops'),
    system.client('client'),
    system.client('client'),
  ]);
}, 60_000);
afterAll(() => system?.stop(), 30_000);

async function restricted(owner: Caller, to: Caller[], bytes = SMALL): Promise<string> {
  const fields = { visibility: 'restricted', recipients: to.map(({ user }) => user.email).join(', ') };
  return (await owner.uploadAndWait(bytes, { fields })).fileId;
}

function patch(caller: ApiClient, id: string, changes: unknown): Promise<Answer> {
  return caller.request('PATCH', `/api/files/${id}`, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(changes),
  });
}

/** How every instance answers, in every way to ask. */
async function everywhere(path: string): Promise<number[]> {
  const asked = system.urls.flatMap((url) => {
    const caller = new ApiClient(url);
    return [
      caller.get(path),
      caller.request('HEAD', path),
      caller.get(path, { range: 'bytes=5-' }),
      caller.get(path, { range: 'bytes=0-0', 'if-range': '"x"', date: 'Mon, 01 Jan 2024 00:00:00 GMT' }),
    ];
  });
  return (await Promise.all(asked)).map(({ status }) => status);
}

const all = (status: number): number[] => Array<number>(4 * system.urls.length).fill(status);

/** A download that has begun, and that nobody reads from until `rest` is asked for. */
async function begun(url: string): Promise<{ rest: () => Promise<Buffer> }> {
  const request = get(url, { agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  return {
    rest: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    },
  };
}

describe('L03 a link that expires', () => {
  it('works until then; what has begun ends well, and nothing begins any more', async () => {
    const id = await restricted(ops, [ada], LARGE);
    const path = await ada.downloadLink(id, 2);
    const transfer = await begun(system.url + path);
    expect((await system.anonymous(1).get(path, { range: 'bytes=0-9' })).status).toBe(206);

    await waitFor(
      'the link to expire',
      async () => (await system.anonymous(1).request('HEAD', path)).status === 410,
    );
    expect(await everywhere(path)).toEqual(all(410));
    const told = `SELECT 1 FROM events WHERE subject_id = $1 AND type = 'file.downloaded'`;
    expect(await system.query(told, [id])).toEqual([]); // It was under way all the time.
    expect(sha256(await transfer.rest()).equals(sha256(LARGE))).toBe(true);
    await waitFor('the download to be told of', async () => (await system.query(told, [id])).length === 1);

    expect(await everywhere(path)).toEqual(all(410));
    const another = await ada.downloadLink(id);
    const etag = `"${sha256(LARGE).toString('base64url')}"`;
    const resumed = await system.anonymous(1).get(another, { range: 'bytes=1000-', 'if-range': etag });
    expect([resumed.status, resumed.bytes.equals(LARGE.subarray(1000))]).toEqual([206, true]);
  });
});

describe('L08 a link dies on every instance, with the answer that takes its ground away', () => {
  it.each<[string, number, (id: string, owner: Caller) => Promise<unknown>]>([
    [
      'its user is a recipient no more',
      404,
      (id, owner) => patch(owner, id, { recipients: [bob.user.email] }),
    ],
    ['nobody is a recipient any more', 404, (id, owner) => patch(owner, id, { recipients: null })],
    [
      'the file is private',
      404,
      (id, owner) => patch(owner.at(system.urls[1]!), id, { visibility: 'private' }),
    ],
    ['the file is deleted', 404, (id, owner) => owner.at(system.urls[1]!).delete(`/api/files/${id}`)],
    [
      'the owner is disabled',
      404,
      (_, owner) => system.query('UPDATE users SET disabled_at = now() WHERE id = $1', [owner.user.id]),
    ],
  ])('%s', async (_, status, happen) => {
    const owner = await system.client('ops');
    const id = await restricted(owner, [ada, bob]);
    const path = await ada.downloadLink(id);
    expect((await everywhere(path)).every((each) => each < 300)).toBe(true);
    await happen(id, owner);
    expect(await everywhere(path)).toEqual(all(status));
    for (const url of system.urls) expect((await ada.at(url).get(`/api/files/${id}`)).status).toBe(404);
  });

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['takes the recipient off', (id) => patch(ops, id, { recipients: [] })],
    ['deletes the file', (id) => ops.delete(`/api/files/${id}`)],
  ])('while a download runs and its owner %s: it ends whole, or visibly broken', async (_, happen) => {
    const id = await restricted(ops, [ada], LARGE);
    const path = await ada.downloadLink(id);
    const transfer = await begun(system.url + path);
    await happen(id);
    expect(await everywhere(path)).toEqual(all(404));
    const bytes = await transfer.rest().catch(() => null);
    if (bytes !== null) expect(sha256(bytes).equals(sha256(LARGE))).toBe(true);
  });
});

describe('D05 what ends with an account, or by hand, ends alone', () => {
  it('a disabled owner takes his own files along, and nobody else’s', async () => {
    const [leaving, staying] = [await system.client('ops'), await system.client('ops')];
    const [gone, kept] = [await restricted(leaving, [ada, bob]), await restricted(staying, [ada, bob])];
    const links = [await ada.downloadLink(gone), await ada.downloadLink(kept)];
    await system.query('UPDATE users SET disabled_at = now() WHERE id = $1', [leaving.user.id]);
    expect(await everywhere(links[0]!)).toEqual(all(404));
    expect((await system.anonymous().get(links[1]!)).bytes.equals(SMALL)).toBe(true);
    for (const [id, status] of [
      [gone, 404],
      [kept, 200],
    ] as const) {
      expect((await bob.get(`/api/files/${id}`)).status).toBe(status);
    }
    await system.query('UPDATE users SET disabled_at = NULL WHERE id = $1', [leaving.user.id]);
    expect((await system.anonymous().get(links[0]!)).status).toBe(200);
  });

  it('a removed client loses his links; the files and the other recipients’ stay', async () => {
    const leaving = await system.client('client');
    const id = await restricted(ops, [leaving, bob]);
    const links = [await leaving.downloadLink(id), await bob.downloadLink(id)];
    await system.query('DELETE FROM users WHERE id = $1', [leaving.user.id]);
    expect(await everywhere(links[0]!)).toEqual(all(404));
    expect((await system.anonymous().get(links[1]!)).bytes.equals(SMALL)).toBe(true);
    expect((await ops.get(`/api/files/${id}`)).body.recipients).toHaveLength(2);
  });

  it('a grant that is deleted by hand ends one access', async () => {
    const [one, other] = [await restricted(ops, [ada, bob]), await restricted(ops, [ada])];
    const links = [await ada.downloadLink(one), await bob.downloadLink(one), await ada.downloadLink(other)];
    await system.query('DELETE FROM file_grants WHERE file_id = $1 AND email = $2', [one, ada.user.email]);
    const statuses = await Promise.all(links.map((link) => system.anonymous(1).get(link)));
    expect(statuses.map(({ status }) => status)).toEqual([404, 200, 200]);
  });
});

describe('L02 a link', () => {
  it('comes to rest nowhere: no log, no row, no object of Redis; and no page passes it on', async () => {
    const id = await restricted(ops, [ada]);
    const good: string[] = [];
    while (good.length < 30) good.push(await ada.downloadLink(id));
    const listed = (await ada.get('/api/files?include=downloadUrl&limit=100')).body.items;
    good.push(...listed.map((item: { downloadUrl: string }) => new URL(item.downloadUrl).pathname));
    expect(new Set(good).size).toBe(good.length);

    const expired = await ada.downloadLink(id, 1);
    await waitFor('the link to expire', async () => (await system.anonymous().get(expired)).status === 410);
    const used = [...good, expired, `${good[0]}x`, good[1]!.slice(0, -30)];
    for (const [index, path] of used.entries()) {
      const answer = await system.anonymous(index % 2).get(path, { referer: system.url + path });
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      if (answer.body !== null) expect(JSON.stringify(answer.body)).not.toContain(path.slice(-40));
    }

    const scanner = new LeakScanner(
      Object.fromEntries(used.map((path, index) => [`link ${index}`, Buffer.from(path.slice(-60))])),
    );
    const logs = system.processes.map((each) => each.output).join('\n');
    expect(logs).toContain('/api/download/');
    const tables = await system.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    const rows: { text: string }[] = [];
    for (const { name } of tables) {
      rows.push(...(await system.query<{ text: string }>(`SELECT it::text AS text FROM "${name}" it`)));
    }
    const database = rows.map(({ text }) => text).join('\n');
    expect(database).toContain(id);
    expect(scanner.inText('logs', logs)).toEqual([]);
    expect(scanner.inText('database', database)).toEqual([]);
    expect(await scanner.inRedis(system.env.REDIS_URL!)).toEqual([]);
    expect(await scanner.inTree(system.dataDir)).toEqual([]);
  });
});

describe('R04 a list that is asked for in bad faith', () => {
  it.each([
    'limit=-1',
    'limit=0',
    'limit=1e9',
    'limit=1000000000',
    'limit=NaN',
    'limit=1e20',
    'limit=99999999999999999999',
    'limit=0x10',
    'limit=%2010',
    'limit[]=5',
    'limit[$gt]=1',
    'limit=5&limit=500',
    'cursor=x',
    'cursor=%00',
    'cursor=../../etc/passwd',
    `cursor=${'A'.repeat(3000)}`,
    'cursor[]=a',
    'sort=passwordHash',
    'sort=owner.passwordHash',
    'sort=id;select',
    'sort=id;select%20pg_sleep(10)',
    'sort=created_at',
    'sort=--createdAt',
    'sort=__proto__',
    'sort=constructor',
    'sort[]=name',
    'sort=name&sort=size',
    'where[role]=admin',
    'where[ownerId]=x',
    'filter[owner][passwordHash]=x',
    'ownerId=x',
    'visibility=private',
    'recipients=a@b.c',
    'status=deleted',
    "status=available'%20OR%201=1--",
    "chatId='%20OR%201=1--",
    'chatId=a&chatId=b',
    'include=recipients',
    'include=downloadUrl&include=key',
    '__proto__[limit]=1000',
    'constructor.prototype=x',
  ])('?%s is refused, or answered with no more than one may have', async (query) => {
    for (const caller of [ada, ops]) {
      const { status, body } = await caller.get(`/api/files?${query}`);
      expect([200, 400]).toContain(status);
      if (status === 400) expect(body.code).toBe('VALIDATION_FAILED');
      else expect(body.items).toEqual([]); // A filter that is sound and matches nothing.
      expect(JSON.stringify(body)).not.toMatch(/password_hash|"id"|SELECT |syntax error|PostgreSQL/);
    }
  });

  it('a cursor of another is refused, and a changed one', async () => {
    const cursor: string = (await ada.get('/api/files?limit=1')).body.nextCursor;
    expect((await ada.at(system.urls[1]!).get(`/api/files?limit=1&cursor=${cursor}`)).status).toBe(200);
    const changed = cursor.slice(0, -1) + (cursor.endsWith('A') ? 'B' : 'A');
    for (const [caller, with_] of [
      [bob, cursor],
      [ops, cursor],
      [ada, changed],
      [ada, cursor.slice(1)],
      [ada, `${cursor}&sort=name`],
    ] as const) {
      expect((await caller.get(`/api/files?limit=1&cursor=${with_}`)).status).toBe(400);
    }
  });

  it('the largest page holds a hundred, and nothing of others', async () => {
    const { body } = await bob.get('/api/files?limit=100');
    const granted = await system.query<{ file_id: string }>(
      'SELECT file_id FROM file_grants WHERE email = $1',
      [bob.user.email],
    );
    const ids = new Set(granted.map((row) => row.file_id));
    for (const { id, visibility } of body.items) expect(visibility === 'clients' || ids.has(id)).toBe(true);
  });
});

it('all this leaves nothing behind', () => assertInvariants(system));
