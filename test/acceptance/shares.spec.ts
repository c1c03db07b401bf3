import { once } from 'node:events';
import { Agent, get, request, type IncomingMessage } from 'node:http';
import { randomInt } from 'node:crypto';
import { sha256 } from '@waybill/core/crypto';
import { largeDocument } from '../fixtures/documents';
import { share, unlock, type Shared } from '../support/shares';
import {
  ApiClient,
  assertInvariants,
  TestSystem,
  waitFor,
  type Answer,
  type TestUser,
} from '../support/system';

jest.setTimeout(180_000);

type Caller = ApiClient & { user: TestUser };

const LARGE = Buffer.concat([...largeDocument(24 * 1024 * 1024)]);
const SMALL = Buffer.concat([...largeDocument(2 * 1024 * 1024)]);

let system: TestSystem;
let ops: Caller;
let large: string;
let small: string;

beforeAll(async () => {
  system = await TestSystem.start({ apis: 2, env: { DATABASE_POOL_SIZE: '20' } });
  ops = await system.client('ops');
  large = (await ops.uploadAndWait(LARGE)).fileId;
  small = (await ops.uploadAndWait(SMALL)).fileId;
}, 180_000);
afterAll(() => system?.stop(), 30_000);

const urlOf = (turn: number): string => system.urls[turn % 2]!;

async function countOf({ id }: Shared): Promise<number> {
  return (await ops.get(`/api/shares/${id}`)).body.downloadCount as number;
}

/** Sends one request on a connection of its own, and answers what came of it. */
async function whole(
  url: string,
  path: string,
  {
    method = 'GET',
    headers = {},
    stopAfter = Infinity,
  }: { method?: string; headers?: object; stopAfter?: number } = {},
): Promise<{ status: number; bytes: Buffer; complete: boolean }> {
  const sent = request(url + path, { method, agent: new Agent(), headers: { ...headers } });
  sent.on('error', () => undefined);
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size >= stopAfter) break;
    }
  } catch {
    // It broke; what came is what there is.
  }
  if (!response.complete) sent.socket?.resetAndDestroy();
  return { status: response.statusCode!, bytes: Buffer.concat(chunks), complete: response.complete };
}

describe('L04', () => {
  it.each([1, 3])(
    'L04 a share for %d, asked for by 50 at once on two instances, is handed out so often',
    async (limit) => {
      const shared = await share(ops, small, { maxDownloads: limit });
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, turn) => whole(urlOf(turn), shared.path)),
      );
      const served = answers.filter(({ status }) => status === 200);
      expect(served).toHaveLength(limit);
      for (const { bytes, complete } of served) expect([complete, bytes.equals(SMALL)]).toEqual([true, true]);
      expect(answers.filter(({ status }) => status === 410)).toHaveLength(50 - limit);
      expect(await countOf(shared)).toBe(limit);
    },
  );

  it.each([1, 3])(
    'L04 a file for %d is handed out so often, through links and shares together',
    async (limit) => {
      const { fileId } = await ops.uploadAndWait(SMALL, {
        fields: { maxDownloads: String(limit), visibility: 'clients' },
      });
      const client = await system.client('client');
      const paths = [
        (await share(ops, fileId)).path,
        (await share(ops, fileId)).path,
        await client.downloadLink(fileId),
      ];
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, turn) =>
          whole(urlOf(turn), paths[turn % 3]!, { headers: { 'user-agent': `${turn}` } }),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(limit);
      expect(answers.filter(({ status }) => status === 410)).toHaveLength(50 - limit);
      expect((await ops.get(`/api/files/${fileId}`)).body.downloadCount).toBe(limit);
      const [row] = await system.query(
        'SELECT sum(download_count)::int AS n FROM shares WHERE id IN (SELECT share_id FROM share_files WHERE file_id = $1)',
        [fileId],
      );
      expect(row.n).toBeLessThanOrEqual(limit);
    },
  );

  it('L04 a limit of 3 makes three deliveries, whatever the mix of 200 requests on two instances', async () => {
    const shared = await share(ops, small, { maxDownloads: 3 });
    const kinds = [
      {},
      { method: 'HEAD' },
      { headers: { range: `bytes=0-${SMALL.length - 1}` } },
      { headers: { range: `bytes=${SMALL.length >> 1}-` } },
      { headers: { range: 'bytes=0-99' } },
      { stopAfter: 1 },
      { stopAfter: 600_000 },
      { headers: { accept: 'text/html' } },
    ];
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, turn) =>
        whole(urlOf(randomInt(2)), shared.path, kinds[turn % kinds.length]),
      ),
    );
    const odd = answers.filter(({ status }) => ![200, 206, 303, 410].includes(status));
    expect(odd.map(({ bytes }) => bytes.toString())).toEqual([]);
    expect(await countOf(shared)).toBe(3);
    const [ledger] = await system.query(
      'SELECT count(*)::int AS n, max(bytes)::int AS most FROM deliveries WHERE share_id = $1',
      [shared.id],
    );
    expect(ledger.n).toBe(3);
    expect(ledger.most).toBeLessThanOrEqual(SMALL.length * 1.1);
    expect(answers.filter(({ bytes }) => bytes.equals(SMALL)).length).toBeLessThanOrEqual(3);
  });
});

describe('a delivery', () => {
  it('that broke on one instance is finished on the other, although no slot is left', async () => {
    const shared = await share(ops, large, { maxDownloads: 1 });
    const first = await whole(urlOf(0), shared.path, { stopAfter: 3_000_000 });
    const rest = await whole(urlOf(1), shared.path, { headers: { range: `bytes=${first.bytes.length}-` } });
    expect([rest.status, Buffer.concat([first.bytes, rest.bytes]).equals(LARGE)]).toEqual([206, true]);
    expect((await whole(urlOf(0), shared.path)).status).toBe(410);
    expect(await countOf(shared)).toBe(1);
  });

  it('whose process is killed is finished elsewhere, and counted once', async () => {
    const shared = await share(ops, large, { maxDownloads: 1 });
    const sent = get(urlOf(0) + shared.path, { agent: new Agent(), headers: {} });
    sent.on('error', () => undefined);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.on('error', () => undefined);
    const [head] = (await once(response, 'data')) as [Buffer];
    response.pause();
    await waitFor('its beginning to be on record', async () => {
      const [row] = await system.query('SELECT bool_and(begun) AS begun FROM delivery_sendings');
      return row.begun;
    });
    await system.apis[0]!.kill9();
    const rest = await whole(urlOf(1), shared.path, { headers: { range: `bytes=${head.length}-` } });
    expect([rest.status, Buffer.concat([head, rest.bytes]).equals(LARGE)]).toEqual([206, true]);
    await system.startApi(0);
    expect(await countOf(shared)).toBe(1);
  });
});

describe('L03', () => {
  it('L03 a share that expires lets end well what has begun, and nothing begins any more', async () => {
    const shared = await share(ops, large, { expiresInSeconds: 2 });
    const sent = get(urlOf(0) + shared.path, { agent: new Agent() });
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.pause();
    await waitFor(
      'it to expire',
      async () => (await system.anonymous(1).request('HEAD', shared.path)).status === 410,
    );
    for (const headers of [{}, { range: 'bytes=5-' }, { date: 'Mon, 01 Jan 2024 00:00:00 GMT' }]) {
      expect((await system.anonymous(1).get(shared.path, headers as Record<string, string>)).status).toBe(
        410,
      );
    }
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    expect(sha256(Buffer.concat(chunks)).equals(sha256(LARGE))).toBe(true);
  });
});

describe('L06', () => {
  const at = (address: string): Record<string, string> => ({
    'x-forwarded-for': address,
    'content-type': 'application/json',
  });
  let strict: ApiClient;
  beforeAll(async () => {
    await system.startApi(2, { TRUST_PROXY: 'loopback', RATE_LIMIT_SCALE: '1' });
    strict = system.anonymous(2);
  }, 120_000);

  const guess = (path: string, password: unknown, address: string): Promise<Answer> =>
    strict.request('POST', `${path}/unlock`, { headers: at(address), body: JSON.stringify({ password }) });

  it('L06 ten wrong passwords close a share, from wherever they come; what is no share answers the same', async () => {
    const shared = await share(ops, small, { password: 'blue heron' });
    const none = `/api/share/${'Z'.repeat(42)}Q`;
    for (const [which, path] of [shared.path, none].entries()) {
      const statuses: number[] = [];
      for (let turn = 0; turn < 30; turn++) {
        const answer = await guess(path, `wrong ${turn}`, `203.0.${which}.${turn}`);
        statuses.push(answer.status);
        if (answer.status === 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      expect(statuses).toEqual([...Array<number>(10).fill(401), ...Array<number>(20).fill(429)]);
    }
    expect((await guess(shared.path, 'blue heron', '203.0.9.1')).status).toBe(429);
    const form = {
      'x-forwarded-for': '203.0.9.2',
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'text/html',
    };
    const page = await strict.request('POST', shared.path, { headers: form, body: 'password=blue+heron' });
    expect([page.status, page.bytes.toString()]).toEqual([429, expect.stringContaining('Too many tries')]);
    // Another share is open all the same.
    const other = await share(ops, small, { password: 'blue heron' });
    expect((await guess(other.path, 'blue heron', '203.0.9.3')).status).toBe(200);
  });

  it('L06 one address has twenty tries a minute, whatever it tries', async () => {
    const statuses: number[] = [];
    for (let turn = 0; turn < 25; turn++) {
      statuses.push(
        (await guess(`/api/share/${String(turn).padStart(42, 'A')}A`, 'x', '198.51.100.7')).status,
      );
    }
    expect(statuses).toEqual([...Array<number>(20).fill(401), ...Array<number>(5).fill(429)]);
    const unknown: number[] = [];
    for (let turn = 0; turn < 25; turn++) {
      unknown.push(
        (
          await strict.get(`/api/share/${String(turn).padStart(43, 'A')}`, {
            'x-forwarded-for': '198.51.100.8',
          })
        ).status,
      );
    }
    expect(unknown).toEqual([...Array<number>(20).fill(404), ...Array<number>(5).fill(429)]);
  });

  it('L06 is opened by nothing but text that is the password', async () => {
    const shared = await share(ops, small, { password: 'blue heron' });
    const tries: [unknown, number][] = [
      [undefined, 400],
      [null, 400],
      [[], 400],
      [{}, 400],
      [['blue heron'], 400],
      ['blue\0heron', 400],
      ['', 401],
      ['blue heron ', 401],
      ['x'.repeat(10 * 1024 * 1024), 413],
    ];
    for (const [password, status] of tries) {
      const answer = await unlock(system.anonymous(), shared, password).catch(() => ({ status: 413 }));
      expect([String(password).slice(0, 12), answer.status]).toEqual([String(password).slice(0, 12), status]);
    }
    expect((await unlock(system.anonymous(), shared, 'blue heron')).status).toBe(200);
  });
});

describe('L08', () => {
  it.each<[string, (shared: Shared, fileId: string, owner: Caller) => Promise<unknown>]>([
    ['it is revoked', ({ id }, _, owner) => owner.at(system.urls[1]!).delete(`/api/shares/${id}`)],
    ['its file is deleted', (_, id, owner) => owner.at(system.urls[1]!).delete(`/api/files/${id}`)],
    [
      'its owner is disabled',
      async (_, __, owner) => {
        const admin = await system.client('admin');
        await admin.request('PATCH', `/api/users/${owner.user.id}`, {
          headers: { 'content-type': 'application/json' },
          body: '{"disabled":true}',
        });
      },
    ],
  ])('L08 a share is over on every instance when %s; what runs ends well or breaks', async (_, end) => {
    const owner = await system.client('ops');
    const { fileId } = await owner.uploadAndWait(LARGE);
    const shared = await share(owner, fileId);
    const running = whole(urlOf(0), shared.path);
    await waitFor(
      'it to run',
      async () => (await system.query('SELECT 1 FROM delivery_sendings')).length > 0,
    );
    await end(shared, fileId, owner);
    for (const url of system.urls.slice(0, 2)) {
      for (const headers of [{}, { range: 'bytes=5-' }] as Record<string, string>[]) {
        expect((await new ApiClient(url).get(shared.path, headers)).status).toBe(410);
      }
      expect((await new ApiClient(url).get(shared.page)).status).toBe(410);
    }
    const { bytes, complete } = await running;
    if (complete) expect(bytes.equals(LARGE)).toBe(true);
  });
});

describe('D04, D05', () => {
  it('D04 a file that expires under a download ends it well or breaks it, and its share is over', async () => {
    const { fileId } = await ops.uploadAndWait(LARGE);
    const shared = await share(ops, fileId);
    const sent = get(urlOf(0) + shared.path, { agent: new Agent() });
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.pause();
    const end = new Date(Date.now() + 1000).toISOString();
    await system.query('UPDATE files SET expires_at = $2 WHERE id = $1', [fileId, end]);
    const [{ key }] = await system.query('SELECT object_key AS key FROM files WHERE id = $1', [fileId]);
    await waitFor('its bytes to be swept', async () => (await system.pathOf(key)) === null);
    expect((await system.anonymous(1).get(shared.path)).status).toBe(410);
    const chunks: Buffer[] = [];
    await (async () => {
      for await (const chunk of response) chunks.push(chunk as Buffer);
    })().catch(() => undefined);
    if (response.complete) expect(Buffer.concat(chunks).equals(LARGE)).toBe(true);
  });

  it('D05 a share that is deleted by hand takes nothing with it; an owner who is deleted takes his own', async () => {
    const leaving = await system.client('ops');
    const { fileId: theirs } = await leaving.uploadAndWait(SMALL);
    const [kept, lost, gone] = [
      await share(ops, small),
      await share(ops, small),
      await share(leaving, theirs),
    ];
    await system.query('DELETE FROM shares WHERE id = $1', [lost.id]);
    expect((await system.anonymous().get(lost.path)).status).toBe(404);
    const admin = await system.client('admin');
    expect((await admin.delete(`/api/users/${leaving.user.id}`)).status).toBe(204);
    expect((await system.anonymous().get(gone.path)).status).toBe(410);
    await waitFor('the file to go', async () => {
      const [row] = await system.query('SELECT deleted_at FROM files WHERE id = $1', [theirs]);
      return row === undefined || row.deleted_at !== null;
    });
    expect((await system.anonymous().get(kept.path)).status).toBe(200);
    expect((await ops.get(`/api/files/${small}`)).status).toBe(200);
  });
});

it('L02 tokens are 256 random bits, kept as hashes, and in no log', async () => {
  const made: Shared[] = [];
  for (let turn = 0; turn < 200; turn++) made.push(await share(ops, small));
  expect(new Set(made.map(({ token }) => token)).size).toBe(200);
  for (const { token } of made) expect(Buffer.from(token, 'base64url')).toHaveLength(32);
  const rows = JSON.stringify(await system.query('SELECT * FROM shares'));
  const told = JSON.stringify(await system.query('SELECT * FROM events'));
  const logs = system.processes.map((each) => each.output).join('');
  for (const { token } of made.slice(0, 20)) {
    for (const text of [rows, told, logs]) expect(text).not.toContain(token);
  }
});

it('the shares leave nothing behind', () => assertInvariants(system));
