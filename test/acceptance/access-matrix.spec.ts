import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { genuine } from '../fixtures/documents';
import {
  ApiClient,
  assertInvariants,
  OpenUpload,
  TestSystem,
  waitFor,
  type Answer,
  type TestUser,
} from '../support/system';
import { TusClient, uploadIdOf } from '../support/tus';
import { ACCESS, type Access, type Subject } from './access-table';

jest.setTimeout(60_000);

const METHODS = ['GET', 'HEAD', 'PATCH', 'POST', 'DELETE', 'PUT'] as const;
const CALLERS = ['O2', 'C2', 'UV', 'AN'] as const;
type Method = (typeof METHODS)[number];
type Caller = (typeof CALLERS)[number];

const { paths } = JSON.parse(readFileSync(join(__dirname, '../../openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, unknown>>;
};
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
);

/** The row of a request: HEAD may be a GET, and what one path does not take, a path with a parameter there may. */
function rowOf(method: Method, path: string): string | undefined {
  return rowOfVerb(method, path) ?? (method === 'HEAD' ? rowOfVerb('GET', path) : undefined);
}

function rowOfVerb(verb: Method, path: string): string | undefined {
  const takes = (pattern: string): boolean =>
    new RegExp(`^${pattern.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(path.replaceAll(/[{}]/g, ''));
  return operations.find((each) => each.startsWith(`${verb} `) && takes(each.slice(verb.length + 1)));
}

let system: TestSystem;
let callers: Record<Caller, ApiClient>;
let c2: TestUser;
let theirs: Record<Subject, string>;
/** A file of the same owner that every verified client may see. */
let published: string;
let open: OpenUpload;
let content: Buffer;
let untouched: unknown;

beforeAll(async () => {
  system = await TestSystem.start({ env: { UPLOAD_PART_SECONDS: '0.2', UPLOAD_IDLE_SECONDS: '120' } });
  content = genuine('report.docx');
  const o1 = await system.client('ops');
  const [o2, c1, client, unverified] = await Promise.all([
    system.client('ops'),
    system.client('client'),
    system.client('client'),
    system.client('client'),
  ]);
  // He was made a recipient, and has to prove his address again: it must count for nothing until then.
  await system.query('UPDATE users SET email_verified_at = NULL WHERE id = $1', [unverified.user.id]);
  const recipients = `${c1.user.email}, ${unverified.user.email}`;
  const { fileId } = await o1.uploadAndWait(content, { fields: { visibility: 'restricted', recipients } });
  published = (await o1.uploadAndWait(content, { fields: { visibility: 'clients' } })).fileId;
  const key = await o1.post('/api/auth/api-keys', { name: 'integration', scopes: ['files:read'] });
  expect(key.status).toBe(201);
  const webhook = await o1.post('/api/webhooks', { url: 'https://hooks.example.org/', events: ['*'] });
  expect(webhook.status).toBe(201);

  const shared = await o1.post(`/api/files/${fileId}/share`, { password: 'blue heron' });
  expect(shared.status).toBe(201);

  open = new OpenUpload(o1, content.length);
  await open.send(content.subarray(0, -1));
  await waitFor('the upload to run', async () => {
    const [row] = await system.query('SELECT offset_bytes::int AS n FROM uploads WHERE id = $1', [
      open.uploadId,
    ]);
    return row?.n > 0;
  });
  const tus = new TusClient(o1);
  const path = await tus.begin(content.length);
  expect((await tus.patch(path, 0, content.subarray(0, 1000))).status).toBe(204);
  const resumable = uploadIdOf(path);
  callers = { O2: o2, C2: client, UV: unverified, AN: system.anonymous() };
  c2 = client.user;
  theirs = {
    file: fileId,
    upload: open.uploadId,
    resumable,
    apiKey: key.body.id,
    webhook: webhook.body.id,
    user: o1.user.id,
    share: shared.body.id,
    token: randomUUID(),
  };
  untouched = await state();
}, 60_000);
afterAll(() => system?.stop(), 30_000);

/** All of it that somebody else could have changed. */
async function state(): Promise<unknown> {
  const ask = (text: string) => system.query(text);
  return Promise.all([
    ask(
      'SELECT id, owner_id, visibility, status, revision, deleted_at, download_count FROM files ORDER BY id',
    ),
    ask('SELECT file_id, email FROM file_grants ORDER BY file_id, email'),
    ask('SELECT id, status, offset_bytes, writer_epoch, yield_asked FROM uploads ORDER BY id'),
    // What is registered for a part that never comes lapses by itself.
    ask(`SELECT key FROM objects WHERE state = 'live' ORDER BY key`),
    system.query('SELECT * FROM api_keys WHERE id = $1', [theirs.apiKey]),
    ask('SELECT id, role, disabled_at, password_hash FROM users ORDER BY id'),
    ask('SELECT count(*)::int FROM invitations'),
    ask('SELECT id, url, events, disabled_at FROM webhooks ORDER BY id'),
    ask('SELECT * FROM shares ORDER BY id'),
  ]);
}

function ask(
  caller: Caller,
  method: Method,
  path: string,
  { body, headers = {} }: Pick<Access, 'body' | 'headers'> = {},
): Promise<Answer> {
  const withBody = method !== 'GET' && method !== 'HEAD' && body !== undefined;
  return callers[caller].request(
    method,
    path,
    withBody
      ? { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
      : { headers },
  );
}

const at = (path: string, id: string): string => path.replace(/\{[^}]+\}/, id);

/** What two answers must share to be the same: all but what names the request. */
const comparable = ({ status, body }: Answer): unknown => ({
  status,
  body: body && { ...body, requestId: null, instance: null },
});

const lacksRole = (caller: Caller, row: string): boolean => {
  const { audience } = ACCESS[row]!;
  return audience === 'admin' || (audience === 'ops' && caller !== 'O2');
};

describe('A01', () => {
  it('A01 every route has its row in the access table, and every row its route', () => {
    expect(Object.keys(ACCESS).sort()).toEqual([...operations].sort());
  });

  const requests = Object.keys(paths).flatMap((path) => METHODS.map((method) => [method, path] as const));
  const routed = requests.filter(([method, path]) => rowOf(method, path) !== undefined);
  const unrouted = requests.filter(([method, path]) => rowOf(method, path) === undefined);
  const guarded = routed.filter(([method, path]) => ACCESS[rowOf(method, path)!]?.audience !== 'everybody');
  const open_ = routed.filter(([method, path]) => ACCESS[rowOf(method, path)!]?.audience === 'everybody');

  it.each(unrouted)('A01 %s %s is no route for anybody', async (method, path) => {
    const answers = await Promise.all(
      CALLERS.map((caller) => ask(caller, method, at(path, randomUUID()), { body: {} })),
    );
    for (const answer of answers) {
      expect(answer.status).toBe(405);
      const allowed = answer.headers.get('allow')!.split(', ');
      expect(allowed).not.toContain(method);
      for (const documented of Object.keys(paths[path]!)) expect(allowed).toContain(documented.toUpperCase());
    }
    expect(await state()).toEqual(untouched);
  });

  it.each(open_)('A01 %s %s is the same to everybody', async (method, path) => {
    const said = ACCESS[rowOf(method, path)!]!;
    const target = at(path, theirs.token);
    const expected = comparable(await ask('AN', method, target, said));
    const answers = await Promise.all(CALLERS.map((caller) => ask(caller, method, target, said)));
    for (const answer of answers) {
      if (said.disguised) expect(answer.status).toBe(401);
      else expect([401, 403]).not.toContain(answer.status);
      if (answer.body?.code !== undefined) expect(comparable(answer)).toEqual(expected);
      expect(answer.status).toBeLessThan(500);
    }
  });

  it.each(guarded)('A01 %s %s is closed to whoever is not logged in', async (method, path) => {
    const { subject, ...said } = ACCESS[rowOf(method, path)!]!;
    for (const id of [subject ? theirs[subject] : '', randomUUID(), 'x']) {
      const answer = await ask('AN', method, at(path, id), said);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
    expect(await state()).toEqual(untouched);
  });

  const others = guarded.flatMap(([method, path]) =>
    CALLERS.filter((caller) => caller !== 'AN').map((caller) => [method, path, caller] as const),
  );
  const named = others.filter(([method, path]) => ACCESS[rowOf(method, path)!]?.subject !== undefined);
  const whole = others.filter(([method, path]) => ACCESS[rowOf(method, path)!]?.subject === undefined);

  it.each(named)('A01 %s %s tells %s nothing, and does nothing', async (method, path, caller) => {
    const row = rowOf(method, path)!;
    const { subject, ...said } = ACCESS[row]!;
    const [unknown, answer] = await Promise.all(
      [randomUUID(), theirs[subject!]].map((id) => ask(caller, method, at(path, id), said)),
    );
    expect(answer!.status).toBe(lacksRole(caller, row) ? 403 : 404);
    expect(comparable(answer!)).toEqual(comparable(unknown!));
    expect([...answer!.headers.keys()].sort()).toEqual([...unknown!.headers.keys()].sort());
    expect(await state()).toEqual(untouched);
  });

  it.each(whole)('A01 %s %s gives %s nothing that is not his', async (method, path, caller) => {
    const row = rowOf(method, path)!;
    const answer = await ask(caller, method, path, ACCESS[row]!);
    if (lacksRole(caller, row)) expect(answer.status).toBe(403);
    else expect(answer.status).toBeLessThan(500);
    const text = answer.bytes.toString();
    for (const id of [
      theirs.file,
      theirs.upload,
      theirs.resumable,
      theirs.apiKey,
      theirs.webhook,
      theirs.share,
    ])
      expect(text).not.toContain(id);
  });

  const onFiles = guarded.filter(
    ([method, path]) => path.includes('{') && ACCESS[rowOf(method, path)!]?.subject === 'file',
  );

  it.each(onFiles)('A01 %s %s with a file that clients may see', async (method, path) => {
    const { seen, visibleTo, ...said } = ACCESS[rowOf(method, path)!]!;
    const files = await system.query('SELECT visibility, revision, deleted_at FROM files ORDER BY id');
    const target = at(path, published);
    const answer = await ask('C2', method, target, said);
    if (seen) expect(answer.status).toBeLessThan(300);
    if (visibleTo === 'clients') expect(answer.status).toBe(403);
    for (const caller of ['O2', 'UV'] as const)
      expect([caller, (await ask(caller, method, target, said)).status]).toEqual([caller, 404]);
    expect(await system.query('SELECT visibility, revision, deleted_at FROM files ORDER BY id')).toEqual(
      files,
    );
  });

  it('A01 what was denied is on record: who, what, and how it was answered', async () => {
    const denied = [
      [404, `/api/files/${theirs.file}`],
      [403, `/api/upload/progress/${theirs.upload}`],
      [403, `/api/files/${published}`],
    ] as const;
    await callers.C2.get(denied[0][1]);
    await callers.C2.get(denied[1][1]);
    await callers.C2.delete(denied[2][1]);
    const lines = (): Record<string, unknown>[] =>
      system.apis[0]!.output.split('\n')
        .filter((line) => line.includes('"msg":"request"') && line.endsWith('}'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const [status, path] of denied) {
      const entry = await waitFor(`the denial of ${path}`, async () =>
        lines().find((line) => line.userId === c2.id && line.path === path && line.status === status),
      );
      expect(entry).toMatchObject({ code: status === 403 ? 'FORBIDDEN' : 'NOT_FOUND' });
      expect(entry.requestId).toEqual(expect.any(String));
    }
  });

  it('A01 the upload that everybody was kept from ends well', async () => {
    await open.send(content.subarray(-1));
    expect((await open.finish()).status).toBe(201);
    await assertInvariants(system);
  });
});
