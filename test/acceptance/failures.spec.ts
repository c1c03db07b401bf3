import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { largeDocument } from '../fixtures/documents';
import { Discretion } from '../support/discretion';
import {
  ApiClient,
  assertInvariants,
  OwnServices,
  TestSystem,
  waitFor,
  type Answer,
  type TestUser,
} from '../support/system';

jest.setTimeout(60_000);

const DOCUMENT = Buffer.concat([...largeDocument(8 * 1024)]);
const PASSWORD = `correct horse ${randomUUID()}`;

let services: OwnServices;
let system: TestSystem;
let ops: ApiClient & { user: TestUser };
let client: ApiClient & { user: TestUser };
let refreshToken: string;
let fileId: string;
let link: string;
let discretion: Discretion;

beforeAll(async () => {
  services = await OwnServices.start({ durable: false });
  system = await TestSystem.start({ services, env: { LOG_LEVEL: 'trace' } });
  ops = await system.client('ops');
  client = await system.client('client');
  const again = await system.anonymous().login(client.user.email, client.user.password);
  refreshToken = again.body.refreshToken;
  ({ fileId } = await ops.uploadAndWait(DOCUMENT));
  link = await client.downloadLink(fileId);
  const keyring = JSON.parse(await readFile(system.env.KEYRING_FILE!, 'utf8')) as unknown;
  discretion = new Discretion(system);
  discretion.keep(...keysIn(keyring));
  discretion.keep(
    PASSWORD,
    ops.user.password,
    client.user.password,
    ops.token!,
    client.token!,
    again.body.accessToken,
    refreshToken,
    link.split('/').at(-1)!,
    system.env.JWT_SECRET!,
    system.env.LINK_SECRET!,
    new URL(system.env.DATABASE_URL!).password,
    new URL(system.env.REDIS_URL!).password,
    '$argon2',
  );
}, 120_000);
afterAll(async () => {
  await system?.stop();
  await services?.stop();
}, 60_000);

/** The texts of a keyring that are long enough to be keys. */
function keysIn(value: unknown): string[] {
  if (typeof value === 'string') return value.length >= 40 ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(keysIn) : [];
}

const withId = (requestId: string): Record<string, string> => ({ 'x-request-id': requestId });
const anonymous = (): ApiClient => system.anonymous();
const json = { 'content-type': 'application/json' };

/** Takes a table away while something runs. */
async function without<T>(table: string, run: () => Promise<T>): Promise<T> {
  await system.query(`ALTER TABLE ${table} RENAME TO ${table}_gone`);
  try {
    return await run();
  } finally {
    await system.query(`ALTER TABLE ${table}_gone RENAME TO ${table}`);
  }
}

async function renamed<T>(path: string, run: () => Promise<T>): Promise<T> {
  await rename(path, `${path}.away`);
  try {
    return await run();
  } finally {
    await rename(`${path}.away`, path);
  }
}

type Ask = (headers: Record<string, string>) => Promise<Answer>;

const upload: Ask = (headers) => ops.upload(DOCUMENT, { fields: { visibility: 'private' }, headers });
const list: Ask = (headers) => client.get('/api/files', headers);
const content: Ask = (headers) => ops.get(`/api/files/${fileId}/content`, headers);
const logIn: Ask = (headers) =>
  anonymous().post('/api/auth/login', { email: client.user.email, password: client.user.password }, headers);
const signUp: Ask = (headers) =>
  anonymous().post('/api/auth/signup', { email: `${randomUUID()}@example.com`, password: PASSWORD }, headers);

describe('when a table is gone', () => {
  it.each<[table: string, what: string, ask: Ask]>([
    ['files', 'the list', list],
    ['files', 'a file', (headers) => client.get(`/api/files/${fileId}`, headers)],
    ['files', 'a download link', (headers) => client.post(`/api/files/${fileId}/download-link`, {}, headers)],
    ['files', 'a download', (headers) => anonymous().get(link, headers)],
    ['files', 'a deletion', (headers) => ops.delete(`/api/files/${fileId}`, headers)],
    ['events', 'a deletion', (headers) => ops.delete(`/api/files/${fileId}`, headers)],
    ['users', 'a login', logIn],
    ['users', 'a signup', signUp],
    ['users', 'whoever is logged in', (headers) => client.get('/api/auth/me', headers)],
    ['sessions', 'a login', logIn],
    ['sessions', 'whoever is logged in', list],
    [
      'refresh_tokens',
      'a refresh',
      (headers) => anonymous().post('/api/auth/refresh', { refreshToken }, headers),
    ],
    ['one_time_tokens', 'a signup', signUp],
    [
      'one_time_tokens',
      'a confirmation',
      (headers) => anonymous().post(`/api/auth/confirm/${'A'.repeat(43)}`, undefined, headers),
    ],
    ['uploads', 'an upload', upload],
    ['uploads', 'its progress', (headers) => ops.get(`/api/upload/progress/${randomUUID()}`, headers)],
    ['uploads', 'a cancel', (headers) => ops.post(`/api/upload/cancel/${randomUUID()}`, undefined, headers)],
    ['uploads', 'a retry', (headers) => ops.post(`/api/upload/retry/${randomUUID()}`, undefined, headers)],
    ['upload_parts', 'an upload', upload],
    ['objects', 'an upload', upload],
    ['storage_usage', 'an upload', upload],
  ])('R07 %s: %s is answered 500, and only the log says why', async (table, _what, ask) => {
    const requestId = randomUUID();
    const answer = await without(table, () => ask(withId(requestId)));
    discretion.expectProblem(answer, [500, 'INTERNAL'], requestId);
    const reasons = (await discretion.linesOf(requestId)).filter(({ level }) => level >= 50);
    expect(JSON.stringify(reasons)).toContain(`relation \\"${table}\\" does not exist`);
  });
});

describe('when something else fails', () => {
  it.each<
    [what: string, status: number, code: string, fail: (headers: Record<string, string>) => Promise<Answer>]
  >([
    [
      'a row breaks a rule of the database, which then quotes the row',
      500,
      'INTERNAL',
      async (headers) => {
        await system.query(`ALTER TABLE users ADD CONSTRAINT none CHECK (role <> 'client') NOT VALID`);
        try {
          return await signUp(headers);
        } finally {
          await system.query('ALTER TABLE users DROP CONSTRAINT none');
        }
      },
    ],
    [
      'an object is not there',
      500,
      'INTEGRITY_FAILURE',
      async (headers) => renamed(await objectPath(), () => content(headers)),
    ],
    [
      'a file’s key is none of the keyring',
      503,
      'KEY_UNAVAILABLE',
      async (headers) => {
        const [{ kek_id: kekId }] = await system.query('SELECT kek_id FROM files WHERE id = $1', [fileId]);
        await system.query(`UPDATE files SET kek_id = 'lost' WHERE id = $1`, [fileId]);
        try {
          return await content(headers);
        } finally {
          await system.query('UPDATE files SET kek_id = $2 WHERE id = $1', [fileId, kekId]);
        }
      },
    ],
    [
      'a wrapped key was changed',
      500,
      'INTEGRITY_FAILURE',
      async (headers) => {
        const [{ wrapped_dek: key }] = await system.query('SELECT wrapped_dek FROM files WHERE id = $1', [
          fileId,
        ]);
        await system.query('UPDATE files SET wrapped_dek = $2 WHERE id = $1', [
          fileId,
          Buffer.from(key).fill(1, 20, 30),
        ]);
        try {
          return await content(headers);
        } finally {
          await system.query(`UPDATE files SET wrapped_dek = $2, status = 'available' WHERE id = $1`, [
            fileId,
            key,
          ]);
        }
      },
    ],
    [
      'the keyring is not there',
      503,
      'KEY_UNAVAILABLE',
      (headers) => renamed(system.env.KEYRING_FILE!, () => upload(headers)),
    ],
    [
      'the keyring is none',
      503,
      'KEY_UNAVAILABLE',
      (headers) =>
        renamed(system.env.KEYRING_FILE!, async () => {
          await writeFile(system.env.KEYRING_FILE!, '{"keys":[{"secret":"hush"}]}', { mode: 0o600 });
          return upload(headers);
        }),
    ],
  ])('R07 %s: %i %s', async (_what, status, code, fail) => {
    const requestId = randomUUID();
    discretion.expectProblem(await fail(withId(requestId)), [status, code], requestId);
    const lines = await discretion.linesOf(requestId);
    expect(lines.some(({ level }) => level >= 40)).toBe(true);
  });

  it('R07 the store is no folder any more: refused, and no path is told', async () => {
    const requestId = randomUUID();
    const answer = await renamed(system.objectsDir, async () => {
      await writeFile(system.objectsDir, 'no folder');
      try {
        return await upload(withId(requestId));
      } finally {
        await rename(system.objectsDir, `${system.objectsDir}.file`);
      }
    });
    expect([500, 503, 507]).toContain(answer.status);
    discretion.expectProblem(answer, [answer.status, answer.body.code], requestId);
  });

  it('R07 all of it works again when it is there again', async () => {
    expect((await content({})).bytes.equals(DOCUMENT)).toBe(true);
    for (const ask of [list, logIn, signUp, upload]) expect((await ask({})).status).toBeLessThan(300);
  });

  async function objectPath(): Promise<string> {
    const [row] = await system.query('SELECT object_key FROM files WHERE id = $1', [fileId]);
    return (await system.pathOf(row.object_key))!;
  }
});

describe('what is refused by rule', () => {
  it.each<[what: string, status: number, code: string, ask: Ask]>([
    ['no such route', 404, 'NOT_FOUND', (headers) => anonymous().get('/api/nothing', headers)],
    [
      'a wrong method',
      405,
      'METHOD_NOT_ALLOWED',
      (headers) => anonymous().request('PUT', '/api/files', { headers }),
    ],
    ['no credential', 401, 'UNAUTHENTICATED', (headers) => anonymous().get('/api/files', headers)],
    [
      'a wrong password',
      401,
      'INVALID_CREDENTIALS',
      (headers) =>
        anonymous().post('/api/auth/login', { email: client.user.email, password: PASSWORD }, headers),
    ],
    ['a role that may not', 403, 'FORBIDDEN', (headers) => client.upload(DOCUMENT, { headers })],
    [
      'broken JSON',
      400,
      'MALFORMED_BODY',
      (headers) =>
        anonymous().request('POST', '/api/auth/login', {
          headers: { ...json, ...headers },
          body: `{"password":"${PASSWORD}`,
        }),
    ],
    [
      'a secret in a wrong place',
      400,
      'VALIDATION_FAILED',
      (headers) =>
        anonymous().post(
          '/api/auth/login',
          { email: 'ada@example.com', password: { value: PASSWORD } },
          headers,
        ),
    ],
    ['a secret in the address', 404, 'NOT_FOUND', (headers) => anonymous().get(`${link}x`, headers)],
    [
      'a secret in a mistyped address',
      404,
      'NOT_FOUND',
      (headers) => anonymous().get(link.replace('download', 'downlaod'), headers),
    ],
    [
      'a token in the query',
      401,
      'UNAUTHENTICATED',
      (headers) => anonymous().get(`/api/files?access_token=${client.token}`, headers),
    ],
  ])('R07 %s is a problem like any other', async (_what, status, code, ask) => {
    const requestId = randomUUID();
    discretion.expectProblem(await ask(withId(requestId)), [status, code], requestId);
    expect((await discretion.linesOf(requestId)).length).toBeGreaterThan(0);
  });
});

describe('a log line', () => {
  const FORGED = '"}\r\n{"level":60,"time":"2026-01-01T00:00:00.000Z","msg":"forged"}\r\n';

  it('R07 is one line, whatever names and addresses hold', async () => {
    const name = `a${FORGED.replaceAll('/', '')}.docx`;
    const requestId = randomUUID();
    const taken = await ops.upload(DOCUMENT, {
      name,
      fields: { title: FORGED, visibility: 'private' },
      headers: withId(requestId),
    });
    expect([taken.status, taken.body.fileName]).toEqual([201, name]);
    await ops.waitForStatus(taken.body.uploadId, 'completed');
    for (const path of [
      `/api/${encodeURIComponent(FORGED)}`,
      `/api/files/${encodeURIComponent(FORGED)}`,
      `/api/files?x=${encodeURIComponent(FORGED)}`,
    ]) {
      await ops.get(path, withId(requestId));
    }
    // Errors that speak of such a file are written down, too.
    const [row] = await system.query('SELECT object_key FROM files WHERE id = $1', [taken.body.fileId]);
    const path = (await system.pathOf(row.object_key))!;
    await renamed(path, () => ops.get(`/api/files/${taken.body.fileId}/content`, withId(requestId)));
    await without('events', () => ops.delete(`/api/files/${taken.body.fileId}`, withId(requestId)));
    await discretion.linesOf(requestId);
    expect(discretion.lines().filter(({ msg }) => msg === 'forged')).toEqual([]);
  });

  it('R07 is a JSON object with level, time and text, at the most talkative level', () => {
    const lines = discretion.lines();
    expect(lines.length).toBeGreaterThan(100);
    for (const line of lines) {
      expect(line).toMatchObject({ level: expect.any(Number), msg: expect.any(String) });
      expect(Number.isNaN(Date.parse(line.time))).toBe(false);
    }
  });
});

describe('when services are away', () => {
  it('R07 without Redis answers say so, or do without it', async () => {
    await services.redis.stop();
    try {
      const requestId = randomUUID();
      const ready = await waitFor('Redis to be missed', async () => {
        const answer = await anonymous().get('/api/health/ready', withId(requestId));
        return answer.status === 200 ? null : answer;
      });
      discretion.expectProblem(ready, [503, 'DEPENDENCY_UNAVAILABLE'], requestId);
      expect(ready.body.errors).toEqual([{ pointer: 'redis', detail: 'is down' }]);
      for (const ask of [list, content, upload, logIn, signUp]) {
        const id = randomUUID();
        const answer = await ask(withId(id));
        if (answer.status >= 300) discretion.expectProblem(answer, [503, 'DEPENDENCY_UNAVAILABLE'], id);
      }
    } finally {
      await services.redis.restart();
    }
  });

  it('R07 without PostgreSQL everything is 503, and comes back', async () => {
    await services.postgres.stop();
    try {
      for (const ask of [list, content, upload, logIn, signUp]) {
        const id = randomUUID();
        discretion.expectProblem(await ask(withId(id)), [503, 'DEPENDENCY_UNAVAILABLE'], id);
      }
    } finally {
      await services.postgres.restart();
    }
    await waitFor('the list to come back', async () => (await list({})).status === 200);
  });
});

describe('afterwards', () => {
  it('R07 no secret was ever written down', async () => {
    const answer = await anonymous().get('/api/health/live', withId('the-last-request'));
    expect(answer.status).toBe(200);
    await discretion.linesOf('the-last-request');
    expect(discretion.leaked()).toEqual([]);
  });

  it('R07 the house is in order', async () => {
    await system.waitUntilSwept();
    await assertInvariants(system);
  });
});
