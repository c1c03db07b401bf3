import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { verificationOptions } from '@waybill/features/auth/access-tokens';
import { FORGERIES, type Genuine } from '@waybill/features/auth/testing/forgeries';
import { AppConfig } from '@waybill/platform/config';
import { linkIn, MailServer } from '../support/mail-server';
import { ApiClient, TestSystem, waitFor, type Answer } from '../support/system';

jest.setTimeout(120_000);

const PASSWORD = 'correct horse battery staple';
const BOT = { 'user-agent': 'Mozilla/5.0 (compatible; SafeLinks/1.0; +https://scanner.example)' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('who may come in', () => {
  let system: TestSystem;
  let mails: MailServer;
  let anonymous: ApiClient;

  beforeAll(async () => {
    mails = await MailServer.start();
    system = await TestSystem.start({ env: { SMTP_URL: mails.url } });
    anonymous = system.anonymous();
  });
  afterAll(async () => {
    await system?.stop();
    await mails.stop();
  });

  const newAddress = (): string => `ada-${randomUUID()}@example.com`;

  async function signUp(email = newAddress()): Promise<{ id: string; email: string }> {
    const answer = await anonymous.post('/api/auth/signup', { email, password: PASSWORD });
    expect(answer.status).toBe(201);
    return answer.body;
  }

  /** The path that the nth mail to an address leads to. */
  async function mailedPath(email: string, nth = 1): Promise<string> {
    return linkIn((await mails.to(email, nth))[nth - 1]!).pathname;
  }

  const isVerified = async (id: string): Promise<boolean> =>
    (await system.query('SELECT email_verified_at IS NOT NULL AS yes FROM users WHERE id = $1', [id]))[0].yes;

  const me = (token: string): Promise<Answer> =>
    anonymous.get('/api/auth/me', { authorization: `Bearer ${token}` });
  const refresh = (refreshToken: string): Promise<Answer> =>
    anonymous.post('/api/auth/refresh', { refreshToken });

  async function logIn(): Promise<{ accessToken: string; refreshToken: string; userId: string }> {
    const user = await system.createUser('client');
    const { body } = await anonymous.login(user.email, user.password);
    anonymous.token = null;
    return { ...body, userId: user.id };
  }

  /** What two answers must share to be the same: all but what names the request. */
  function comparable({ status, body }: Answer) {
    return { status, body: { ...body, requestId: null, instance: null } };
  }

  describe('A03', () => {
    it.each([
      '"role":"admin"',
      '"role":"ops"',
      '"roles":["admin"]',
      '"isVerified":true',
      '"emailVerified":true',
      '"emailVerifiedAt":"2020-01-01T00:00:00Z"',
      '"email_verified_at":"2020-01-01T00:00:00Z"',
      '"id":"0190f0a0-0000-7000-8000-0000000000ab"',
      '"passwordHash":"x"',
      '"disabledAt":null',
      '"__proto__":{"role":"admin"}',
      '"constructor":{"prototype":{"role":"admin"}}',
    ])('A03 signing up with %s gives nobody more than a client has', async (extra) => {
      const email = newAddress();
      const answer = await anonymous.request('POST', '/api/auth/signup', {
        headers: { 'content-type': 'application/json' },
        body: `{"email":"${email}","password":"${PASSWORD}",${extra}}`,
      });
      expect(answer.status).toBe(400);
      expect(['VALIDATION_FAILED', 'MALFORMED_BODY']).toContain(answer.body.code);
      expect(await system.query('SELECT 1 FROM users WHERE email = $1', [email])).toEqual([]);
    });

    it('A03 a plain signup is an unverified client', async () => {
      const { id } = await signUp();
      const [row] = await system.query('SELECT role, email_verified_at FROM users WHERE id = $1', [id]);
      expect(row).toEqual({ role: 'client', email_verified_at: null });
    });

    it.each(['/api/setup', '/api/install', '/api/auth/setup', '/api/auth/bootstrap', '/api/admin'])(
      'A03 there is no door for a first admin at %s',
      async (path) => {
        for (const method of ['GET', 'POST', 'PUT']) {
          const { status } = await anonymous.request(method, path);
          expect([method, status]).toEqual([method, 404]);
        }
      },
    );

    it('A03 accounts are administered by admins alone: nobody else gets in at their door', async () => {
      for (const path of ['/api/users', '/api/users/admin', `/api/users/${randomUUID()}`]) {
        expect([path, (await anonymous.get(path)).status]).toEqual([path, 401]);
        for (const method of ['POST', 'PUT']) {
          const { status } = await anonymous.request(method, path);
          expect([method, path, status]).toEqual([method, path, 405]);
        }
      }
    });
  });

  describe('A04', () => {
    it('A04 nobody has a session before the address is confirmed, and the link works once', async () => {
      const { id, email } = await signUp();
      const early = await anonymous.post('/api/auth/login', { email, password: PASSWORD });
      expect([early.status, early.body.code]).toEqual([403, 'EMAIL_NOT_VERIFIED']);
      expect(early.body).not.toHaveProperty('accessToken');
      expect(await system.query('SELECT 1 FROM sessions WHERE user_id = $1', [id])).toEqual([]);
      for (const path of ['/api/auth/me', '/api/files', `/api/files/${id}`]) {
        expect([path, (await anonymous.get(path)).status]).toEqual([path, 401]);
      }

      const path = await mailedPath(email);
      const first = await anonymous.post(path);
      expect([first.status, first.body]).toEqual([200, { emailVerified: true }]);
      expect((await anonymous.post('/api/auth/login', { email, password: PASSWORD })).status).toBe(200);
      expect((await anonymous.post(path)).status).toBe(400);
    });

    it('A04 bad tokens are all refused alike', async () => {
      const used = await mailedPath((await signUp()).email);
      expect((await anonymous.post(used)).status).toBe(200);

      const late = await signUp();
      const expired = await mailedPath(late.email);
      await system.query(`UPDATE one_time_tokens SET expires_at = now() WHERE user_id = $1`, [late.id]);

      const impatient = await signUp();
      const older = await mailedPath(impatient.email);
      expect((await anonymous.post('/api/auth/confirm/resend', { email: impatient.email })).status).toBe(202);
      const newer = await mailedPath(impatient.email, 2);

      const good = newer.split('/').at(-1)!;
      const tampered = [
        good.slice(0, -1),
        `${good}A`,
        `${good}=`,
        `${good}%20`,
        good.toLowerCase() === good ? good.toUpperCase() : good.toLowerCase(),
        `${good[0] === 'A' ? 'B' : 'A'}${good.slice(1)}`,
        good.slice(0, 21) + used.split('/').at(-1)!.slice(21),
        'x',
        randomUUID(),
        'A'.repeat(5_000),
      ].map((token) => `/api/auth/confirm/${token}`);

      const answers = await Promise.all(
        [used, expired, older, ...tampered].map((path) => anonymous.post(path)),
      );
      const expected = comparable(answers[0]!);
      expect(expected).toMatchObject({ status: 400, body: { code: 'INVALID_TOKEN' } });
      for (const answer of answers) expect(comparable(answer)).toEqual(expected);
      for (const { id } of [late, impatient]) expect(await isVerified(id)).toBe(false);
      expect((await anonymous.post(newer)).status).toBe(200);
      expect(await isVerified(impatient.id)).toBe(true);
    });

    it('A04 a token confirms its own user and nobody else', async () => {
      const [one, other] = [await signUp(), await signUp()];
      const path = await mailedPath(one.email);
      await anonymous.request('POST', `${path}?userId=${other.id}`, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ userId: other.id, email: other.email }),
      });
      expect([await isVerified(one.id), await isVerified(other.id)]).toEqual([true, false]);
    });

    it('A04 links lead to PUBLIC_URL, whatever Host a request names', async () => {
      const email = newAddress();
      await raw('POST', '/api/auth/signup', {
        headers: {
          Host: 'evil.example',
          'X-Forwarded-Host': 'evil.example',
          Forwarded: 'host=evil.example',
          'Content-Type': 'application/json',
        },
        body: JSON.stringify({ email, password: PASSWORD }),
      });
      expect(linkIn((await mails.to(email))[0]!).origin).toBe(new URL(system.env.PUBLIC_URL!).origin);
    });
  });

  describe('A05', () => {
    it('A05 a scanner that follows the link first changes nothing; the person confirms once', async () => {
      const { id, email } = await signUp();
      const path = await mailedPath(email);
      for (const method of ['HEAD', 'GET', 'GET']) {
        const visit = await anonymous.request(method, path, { headers: BOT });
        expect([method, visit.status]).toEqual([method, 200]);
        expect(visit.headers.get('content-type')).toContain('text/html');
      }
      expect(await isVerified(id)).toBe(false);
      const tokens = await system.query('SELECT used_at FROM one_time_tokens WHERE user_id = $1', [id]);
      expect(tokens).toEqual([{ used_at: null }]);

      const press = () => anonymous.request('POST', path, { headers: FORM, body: '' });
      const pressed = await press();
      expect(pressed.status).toBe(200);
      expect(pressed.headers.get('content-type')).toContain('text/html');
      expect(await isVerified(id)).toBe(true);
      expect((await press()).status).toBe(400);
    });
  });

  describe('A06', () => {
    let canary: Server;
    let visits = 0;
    let genuine: Genuine;

    beforeAll(async () => {
      canary = createServer((_request, response) => {
        visits++;
        response.end('{}');
      });
      await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
      const { key } = verificationOptions(new AppConfig(system.env));
      const { port } = canary.address() as AddressInfo;
      genuine = { token: (await logIn()).accessToken, key, canary: `http://127.0.0.1:${port}` };
    });
    afterAll(() => canary.close());

    it('A06 the token that all are forged from is good', async () => {
      expect((await me(genuine.token)).status).toBe(200);
    });

    it.each(FORGERIES)('A06 refuses %s', async (_name, forge) => {
      const answer = await me(forge(genuine));
      expect([answer.status, answer.body.code]).toEqual([401, 'UNAUTHENTICATED']);
      expect(visits).toBe(0);
    });

    it.each([
      ['twice the same', (token: string) => [`Bearer ${token}`, `Bearer ${token}`]],
      ['a good one, then a bad one', (token: string) => [`Bearer ${token}`, 'Bearer x']],
      ['a bad one, then a good one', (token: string) => ['Bearer x', `Bearer ${token}`]],
      ['two in one, by comma', (token: string) => [`Bearer ${token}, Bearer ${token}`]],
      ['another scheme', (token: string) => [`Basic ${token}`]],
      ['no scheme', (token: string) => [token]],
    ])('A06 refuses Authorization: %s', async (_name, values) => {
      const { status } = await raw('GET', '/api/auth/me', {
        headers: { Authorization: values(genuine.token) },
      });
      expect(status).toBe(401);
    });

    it.each(['access_token', 'token', 'jwt'])('A06 takes no token from the query: %s', async (name) => {
      expect((await anonymous.get(`/api/auth/me?${name}=${genuine.token}`)).status).toBe(401);
    });
  });

  describe('A07', () => {
    let tokens: Record<'access' | 'refresh' | 'confirm' | 'download', string>;

    beforeAll(async () => {
      const ops = await system.client('ops');
      const document = await readFile(join(__dirname, '../fixtures/documents/report.docx'));
      const { fileId } = await ops.uploadAndWait(document);
      const { email } = await signUp();
      const { accessToken, refreshToken } = await logIn();
      tokens = {
        access: accessToken,
        refresh: refreshToken,
        confirm: (await mailedPath(email)).split('/').at(-1)!,
        download: (await ops.downloadLink(fileId)).split('/').at(-1)!,
      };
    });

    const json = (path: string, body: unknown) => anonymous.post(path, body);
    const slots: [
      slot: keyof typeof tokens,
      where: string,
      use: (token: string) => Promise<Answer>,
      refused: number[],
    ][] = [
      ['access', 'as a bearer token', (token) => me(token), [401]],
      ['refresh', 'to refresh', (token) => refresh(token), [401]],
      ['refresh', 'to log out', (refreshToken) => json('/api/auth/logout', { refreshToken }), [400, 401]],
      ['confirm', 'to confirm', (token) => anonymous.post(`/api/auth/confirm/${token}`), [400]],
      ['download', 'to download', (token) => anonymous.get(`/api/download/${token}`), [404, 410]],
    ];
    const kinds = ['access', 'refresh', 'confirm', 'download'] as const;
    const matrix = slots.flatMap((slot) => kinds.map((kind) => [kind, slot[1], slot] as const));

    it.each(matrix.filter(([kind, , slot]) => kind !== slot[0]))(
      'A07 a token of kind %s is refused %s',
      async (kind, _where, [, , use, refused]) => {
        const { status, body } = await use(tokens[kind]);
        expect(refused).toContain(status);
        expect(body.code).toMatch(/^(UNAUTHENTICATED|INVALID_TOKEN|NOT_FOUND|GONE|VALIDATION_FAILED)$/);
      },
    );

    it.each(slots.filter(([, where]) => where !== 'to log out'))(
      'A07 a token of kind %s is taken %s, where it belongs',
      async (kind, _where, use) => {
        expect((await use(tokens[kind])).status).toBe(200);
      },
    );
  });

  describe('A08', () => {
    const reuses = (userId: string) =>
      system.query(`SELECT 1 FROM events WHERE owner_id = $1 AND type = 'session.reuse_detected'`, [userId]);

    it('A08 a refresh token that comes again ends its whole family', async () => {
      const { refreshToken: first, userId } = await logIn();
      const { status, body } = await refresh(first);
      expect(status).toBe(200);
      expect(body.refreshToken).not.toBe(first);
      expect((await me(body.accessToken)).status).toBe(200);

      expect((await refresh(first)).status).toBe(401);
      expect((await refresh(body.refreshToken)).status).toBe(401);
      expect((await me(body.accessToken)).status).toBe(401);
      expect((await refresh(first)).status).toBe(401);
      expect(await reuses(userId)).toHaveLength(1);
    });

    it('A08 of ten refreshes at once at most one successor is ever usable', async () => {
      for (let round = 0; round < 5; round++) {
        const { refreshToken, userId } = await logIn();
        const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(refreshToken)));
        const successors = new Set(
          answers.filter(({ status }) => status === 200).map(({ body }) => body.refreshToken as string),
        );
        expect(successors.size).toBeLessThanOrEqual(1);
        expect(answers.every(({ status }) => status === 200 || status === 401)).toBe(true);
        const usable = await Promise.all([...successors].map(refresh));
        expect(usable.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
        expect(await reuses(userId)).toHaveLength(1);
      }
    });

    it('A08 other sessions of the user are left alone', async () => {
      const user = await system.createUser('client');
      const [stolen, other] = await Promise.all(
        [1, 2].map(async () => (await new ApiClient(system.url).login(user.email, user.password)).body),
      );
      await refresh(stolen.refreshToken);
      await refresh(stolen.refreshToken);
      expect((await me(stolen.accessToken)).status).toBe(401);
      expect((await me(other.accessToken)).status).toBe(200);
      expect((await refresh(other.refreshToken)).status).toBe(200);
    });
  });

  describe('R02', () => {
    const fields: [route: string, field: string, others: Record<string, string>][] = [
      ['signup', 'email', { password: PASSWORD }],
      ['signup', 'password', { email: 'ada@example.com' }],
      ['signup', 'fullName', { email: 'ada@example.com', password: PASSWORD }],
      ['login', 'email', { password: PASSWORD }],
      ['login', 'password', { email: 'ada@example.com' }],
      ['refresh', 'refreshToken', {}],
      ['logout', 'refreshToken', {}],
      ['confirm/resend', 'email', {}],
    ];
    const texts: [name: string, json: string][] = [
      ['NUL', '"a\\u0000b"'],
      ['half a surrogate pair', '"a\\ud800b"'],
      ['a megabyte', `"${'a'.repeat(1_048_576)}"`],
      ['an operator', '{"$ne":""}'],
    ];
    const cases = fields.flatMap(([route, field, others]) =>
      texts.map(([name, json]) => [name, field, route, json, others] as const),
    );

    it.each(cases)('R02 %s as %s is refused by name at %s', async (_name, field, route, json, others) => {
      const rest = JSON.stringify(others).slice(1, -1);
      const answer = await anonymous.request('POST', `/api/auth/${route}`, {
        headers: { 'content-type': 'application/json' },
        body: `{${rest && `${rest},`}"${field}":${json}}`,
      });
      expect(answer.status).toBe(400);
      expect(answer.body.errors.map((error: { pointer: string }) => error.pointer.split('/')[1])).toContain(
        field,
      );
    });

    it.each([
      ['NUL', '%00'],
      ['no UTF-8', '%ff'],
      ['a bad escape', '%ud800'],
      ['a path', 'a%2f..%2fb'],
      ['very long', 'a'.repeat(10_000)],
    ])('R02 a token that is %s is refused', async (_name, token) => {
      expect((await anonymous.post(`/api/auth/confirm/${token}`)).status).toBe(400);
    });
  });

  it('A04 mails are sent when the mail server comes back', async () => {
    mails.refusal = { code: 451, text: 'try again later' };
    const { id, email } = await signUp();
    const row = await waitFor('a failed try', async () => {
      const [mail] = await system.query('SELECT * FROM mails WHERE recipient_id = $1 AND attempts > 0', [id]);
      return mail;
    });
    expect(row.status).toBe('pending');
    mails.refusal = null;
    await system.query('UPDATE mails SET next_attempt_at = now() WHERE recipient_id = $1', [id]);
    expect((await anonymous.post(await mailedPath(email))).status).toBe(200);
  });

  /** A request with the headers exactly as given, doubled ones and Host included. */
  function raw(
    method: string,
    path: string,
    { headers, body }: { headers: Record<string, string | string[]>; body?: string },
  ): Promise<{ status: number }> {
    return new Promise((resolve, reject) => {
      const lines = Object.entries(headers).flatMap(([name, values]) =>
        [values].flat().flatMap((value) => [name, value]),
      );
      const { hostname, port, host } = new URL(system.url);
      if (!('Host' in headers)) lines.push('Host', host);
      if (body !== undefined) lines.push('Content-Length', String(Buffer.byteLength(body)));
      const request = httpRequest({ hostname, port, method, path, headers: lines }, (response) => {
        response.resume().on('end', () => resolve({ status: response.statusCode! }));
      });
      request.on('error', reject).end(body);
    });
  }
});
