import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { linkIn, MailServer } from '../support/mail-server';
import { ApiClient, OpenUpload, TestSystem, waitFor, type Answer, type TestUser } from '../support/system';

jest.setTimeout(120_000);

const PASSWORD = 'correct horse battery staple';
const NEW_PASSWORD = 'another horse, another staple';

describe('accounts', () => {
  let system: TestSystem;
  let mails: MailServer;
  let anonymous: ApiClient;
  let admin: ApiClient & { user: TestUser };
  let document: Buffer;

  beforeAll(async () => {
    mails = await MailServer.start();
    system = await TestSystem.start({ env: { SMTP_URL: mails.url, UPLOAD_PART_SECONDS: '0.2' } });
    anonymous = system.anonymous();
    admin = await system.client('admin');
    document = await readFile(join(__dirname, '../fixtures/documents/report.docx'));
  });
  afterAll(async () => {
    await system?.stop();
    await mails.stop();
  });

  const newAddress = (): string => `ada-${randomUUID()}@example.com`;
  const login = (email: string, password: string) => anonymous.post('/api/auth/login', { email, password });
  const refresh = (refreshToken: string) => anonymous.post('/api/auth/refresh', { refreshToken });
  const reset = (token: unknown, password: unknown = NEW_PASSWORD) =>
    anonymous.post('/api/auth/password/reset', { token, password });
  const patch = (id: string, body: object): Promise<Answer> =>
    admin.request('PATCH', `/api/users/${id}`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const remove = (id: string): Promise<Answer> => admin.delete(`/api/users/${id}`);

  /** The last part of the link in the nth mail to an address, less what follows a token. */
  async function mailedToken(email: string, nth = 1): Promise<string> {
    return linkIn((await mails.to(email, nth))[nth - 1]!)
      .pathname.split('/')
      .at(-1)!;
  }

  async function resetToken(user: { email: string }, nth = 1): Promise<string> {
    expect((await anonymous.post('/api/auth/password/forgot', { email: user.email })).status).toBe(202);
    return mailedToken(user.email, nth);
  }

  async function apiKey(owner: ApiClient, ...scopes: string[]): Promise<{ id: string; key: string }> {
    const { status, body } = await owner.post('/api/auth/api-keys', { name: 'integration', scopes });
    expect(status).toBe(201);
    return body;
  }

  describe('A07', () => {
    const KINDS = ['access', 'refresh', 'confirm', 'reset', 'invitation', 'API key', 'download'] as const;
    type Kind = (typeof KINDS)[number];
    let tokens: Record<Kind, string>;

    beforeAll(async () => {
      const ops = await system.client('ops');
      const { fileId } = await ops.uploadAndWait(document);
      const [signedUp, invited] = [newAddress(), newAddress()];
      await anonymous.post('/api/auth/signup', { email: signedUp, password: PASSWORD });
      await ops.post('/api/auth/invitations', { email: invited, role: 'client' });
      const { body: session } = await login(ops.user.email, ops.user.password);
      tokens = {
        access: session.accessToken,
        refresh: session.refreshToken,
        confirm: await mailedToken(signedUp),
        reset: await resetToken(ops.user),
        invitation: await mailedToken(invited),
        'API key': (await apiKey(ops, 'files:read')).key,
        download: (await ops.downloadLink(fileId)).split('/').at(-1)!,
      };
    });

    const bearer = (path: string) => (token: string) =>
      anonymous.get(path, { authorization: `Bearer ${token}` });
    /** What takes a token, who is taken there, and what all others hear. Tokens that end by it come last. */
    const slots: [
      where: string,
      takes: Kind[],
      use: (token: string) => Promise<Answer>,
      refused: number[],
    ][] = [
      ['as a bearer token', ['access', 'API key'], bearer('/api/files'), [401]],
      ['as a session', ['access'], bearer('/api/auth/me'), [401, 403]],
      ['to download', ['download'], (token) => anonymous.get(`/api/download/${token}`), [404, 410]],
      ['to log out', [], (refreshToken) => anonymous.post('/api/auth/logout', { refreshToken }), [400, 401]],
      ['to refresh', ['refresh'], refresh, [400, 401]],
      ['to confirm', ['confirm'], (token) => anonymous.post(`/api/auth/confirm/${token}`), [400]],
      [
        'to accept an invitation',
        ['invitation'],
        (token) => anonymous.post(`/api/auth/invitations/${token}/accept`, { password: PASSWORD }),
        [400],
      ],
      ['to reset a password', ['reset'], (token) => reset(token), [400]],
    ];
    const wrong = slots.flatMap(([where, takes, use, refused]) =>
      KINDS.filter((kind) => !takes.includes(kind))
        // Logging out is the one other thing that a refresh token is for.
        .filter((kind) => where !== 'to log out' || kind !== 'refresh')
        .map((kind) => [kind, where, use, refused] as const),
    );
    const right = slots.flatMap(([where, takes, use]) => takes.map((kind) => [kind, where, use] as const));

    it.each(wrong)('A07 a token of kind %s is refused %s', async (kind, _where, use, refused) => {
      const { status, body } = await use(tokens[kind]);
      expect(refused).toContain(status);
      expect(body.code).toMatch(
        /^(UNAUTHENTICATED|FORBIDDEN|INVALID_TOKEN|NOT_FOUND|GONE|VALIDATION_FAILED)$/,
      );
    });

    it.each(right)('A07 a token of kind %s is taken %s, where it belongs', async (kind, _where, use) => {
      expect([200, 201, 204]).toContain((await use(tokens[kind])).status);
    });
  });

  describe('A10', () => {
    interface Holder {
      user: TestUser;
      client: ApiClient;
      refreshToken: string;
      key: ApiClient;
    }

    async function holder(): Promise<Holder> {
      const client = await system.client('ops');
      const { key } = await apiKey(client, 'files:read', 'files:write');
      const { body } = await login(client.user.email, client.user.password);
      return {
        user: client.user,
        client,
        refreshToken: body.refreshToken,
        key: new ApiClient(system.url, key),
      };
    }

    /** A request that only ops may make, and which changes something. */
    const change = (client: ApiClient) => client.post(`/api/upload/cancel/${randomUUID()}`);

    it.each([
      ['disabled', (id: string) => patch(id, { disabled: true })],
      ['deleted', remove],
    ])('A10 who is %s holds nothing from that moment on', async (_how, act) => {
      const { user, client, refreshToken, key } = await holder();
      expect([(await change(client)).status, (await change(key)).status]).toEqual([404, 404]);
      expect((await act(user.id)).status).toBeLessThan(300);
      for (const credential of [client, key]) {
        expect((await change(credential)).status).toBe(401);
        expect((await credential.get('/api/files')).status).toBe(401);
      }
      expect((await refresh(refreshToken)).status).toBe(401);
      expect((await login(user.email, user.password)).body.code).toBe('INVALID_CREDENTIALS');
    });

    it('A10 who is demoted may no more than his new role, whatever he holds', async () => {
      const { user, client, refreshToken, key } = await holder();
      expect((await patch(user.id, { role: 'client' })).status).toBe(200);
      const { body } = await refresh(refreshToken);
      for (const credential of [client, key, new ApiClient(system.url, body.accessToken)]) {
        expect((await change(credential)).status).toBe(403);
        expect((await credential.upload(document)).status).toBe(403);
      }
    });

    it('A10 who changes the password ends the sessions of others', async () => {
      const { user, client, refreshToken } = await holder();
      const body = { currentPassword: user.password, newPassword: NEW_PASSWORD };
      const { body: thief } = await login(user.email, user.password);
      expect((await client.post('/api/auth/password/change', body)).status).toBe(204);
      expect((await change(new ApiClient(system.url, thief.accessToken))).status).toBe(401);
      for (const token of [thief.refreshToken, refreshToken]) expect((await refresh(token)).status).toBe(401);
      expect((await change(client)).status).toBe(404);
    });

    it.each([
      ['demoted', (id: string) => patch(id, { role: 'client' })],
      ['disabled', (id: string) => patch(id, { disabled: true })],
      ['deleted', remove],
    ])('A10 an upload that runs stops when its user is %s', async (_how, act) => {
      const { user, client } = await holder();
      const upload = new OpenUpload(client, 3_000_000);
      await upload.send(Buffer.concat([document, Buffer.alloc(200_000)]));
      const row = async () =>
        (
          await system.query('SELECT offset_bytes::int AS n, status FROM uploads WHERE id = $1', [
            upload.uploadId,
          ])
        )[0];
      await waitFor('a part to be durable', async () => (await row())?.n > 0);
      expect((await act(user.id)).status).toBeLessThan(300);
      const before = (await row()).n;
      // Refused at its next part, or ended before that by the clearing up after a deleted account.
      expect([403, 410]).toContain((await upload.answered).status);
      const { n, status } = await row();
      expect(n).toBe(before);
      expect(['failed', 'cancelled']).toContain(status);
      await waitFor('its bytes to be gone', async () => {
        const left = await system.query('SELECT 1 FROM objects WHERE key LIKE $1', [
          `staging/${upload.uploadId}/%`,
        ]);
        return left.length === 0;
      });
    });
  });

  describe('A11', () => {
    it.each([
      ['Host', { Host: 'evil.example' }],
      ['X-Forwarded-Host', { 'X-Forwarded-Host': 'evil.example' }],
      ['Forwarded', { Forwarded: 'host=evil.example' }],
    ])('A11 the link leads to PUBLIC_URL, whatever %s says', async (_name, headers) => {
      const user = await system.createUser('client');
      await raw('/api/auth/password/forgot', headers, { email: user.email });
      const mail = (await mails.to(user.email))[0]!;
      expect(linkIn(mail).origin).toBe(new URL(system.env.PUBLIC_URL!).origin);
      expect(JSON.stringify(mail)).not.toContain('evil');
    });

    it.each([
      ['empty', '""'],
      ['null', 'null'],
      ['a list', '[]'],
      ['an object', '{}'],
      ['a number', '0'],
      ['true', 'true'],
      ['NUL', '"a\\u0000"'],
    ])('A11 a token that is %s is refused', async (_name, json) => {
      const answer = await anonymous.request('POST', '/api/auth/password/reset', {
        headers: { 'content-type': 'application/json' },
        body: `{"token":${json},"password":"${NEW_PASSWORD}"}`,
      });
      expect(answer.status).toBe(400);
    });

    it('A11 a token that has expired, was used, replaced or is another’s is refused', async () => {
      const [late, used, other] = await Promise.all(
        ['client', 'client', 'client'].map((role) => system.createUser(role as 'client')),
      );
      const expired = await resetToken(late!);
      await system.query('UPDATE one_time_tokens SET expires_at = now() WHERE user_id = $1', [late!.id]);
      const spent = await resetToken(used!);
      expect((await reset(spent)).status).toBe(204);
      const older = await resetToken(other!);
      await resetToken(other!, 2);
      const cut = older.slice(0, 21) + spent.slice(21);
      for (const token of [expired, spent, older, cut, older.toLowerCase(), `${older}=`]) {
        const { status, body } = await reset(token);
        expect([status, body.code]).toEqual([400, 'INVALID_TOKEN']);
      }
      expect((await login(late!.email, late!.password)).status).toBe(200);
      expect((await login(other!.email, other!.password)).status).toBe(200);
    });

    it('A11 of twenty uses at once one succeeds, and all sessions end', async () => {
      const user = await system.createUser('client');
      const { body: session } = await login(user.email, user.password);
      const token = await resetToken(user);
      const [row] = await system.query('SELECT * FROM one_time_tokens WHERE user_id = $1', [user.id]);
      expect(row.token_hash).toHaveLength(32);
      expect(JSON.stringify(row)).not.toContain(token);

      const passwords = Array.from({ length: 20 }, (_, index) => `${NEW_PASSWORD} ${index}`);
      const answers = await Promise.all(passwords.map((password) => reset(token, password)));
      const winners = passwords.filter((_, index) => answers[index]!.status === 204);
      expect(winners).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 400)).toHaveLength(19);
      expect((await login(user.email, winners[0]!)).status).toBe(200);
      expect((await login(user.email, user.password)).status).toBe(401);
      expect((await refresh(session.refreshToken)).status).toBe(401);
      const { status } = await new ApiClient(system.url, session.accessToken).get('/api/auth/me');
      expect(status).toBe(401);
    });

    it.each([
      ['disabled', 'UPDATE users SET disabled_at = now() WHERE id = $1'],
      ['unverified', 'UPDATE users SET email_verified_at = NULL WHERE id = $1'],
    ])('A11 nobody who is %s regains access by a reset', async (_how, statement) => {
      const user = await system.createUser('client');
      const token = await resetToken(user);
      await system.query(statement, [user.id]);
      expect((await reset(token)).body.code).toBe('INVALID_TOKEN');
      expect((await login(user.email, NEW_PASSWORD)).status).toBe(401);
    });
  });

  describe('A15', () => {
    /** Whether who chose one password can log in with another text. */
    async function opens(chosen: string, tried: string): Promise<boolean> {
      const email = newAddress();
      const { body } = await anonymous.post('/api/auth/signup', { email, password: chosen });
      await system.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [body.id]);
      return (await login(email, tried)).status === 200;
    }
    const long = 'correct horse battery staple '.repeat(5);

    it.each([
      ['8 characters', 'zq8#kLw2', 'zq8#kLw2', true],
      ['128 characters', long.slice(0, 128), long.slice(0, 128), true],
      ['128 characters of four bytes', '🔑🗝'.repeat(64), '🔑🗝'.repeat(64), true],
      ['no digits and no capitals', 'onlysmallletters', 'onlysmallletters', true],
      ['a difference at byte 73', `${long.slice(0, 72)}a`, `${long.slice(0, 72)}b`, false],
      ['the first 72 bytes alone', `${long.slice(0, 72)}a`, long.slice(0, 72), false],
      ['a space behind', `${PASSWORD} `, PASSWORD, false],
      ['a space before', ` ${PASSWORD}`, PASSWORD, false],
      ['spaces all the same', ` ${PASSWORD} `, ` ${PASSWORD} `, true],
      ['another case', PASSWORD, PASSWORD.toUpperCase(), false],
      ['composed letters, decomposed', 'pässwörter sind lang', 'pa\u0308sswo\u0308rter sind lang', true],
      ['letters without their marks', 'pässwörter sind lang', 'passworter sind lang', false],
    ])('A15 %s', async (_name, chosen, tried, expected) => {
      expect(await opens(chosen, tried)).toBe(expected);
    });

    it.each([
      ['7 characters', 'zq8#kLw'],
      ['129 characters', long.slice(0, 129)],
      ['NUL', 'correct\0horse'],
      ['half a surrogate pair', 'correct \ud800 horse'],
      ['a megabyte', 'x'.repeat(1_000_000)],
      ['a common one', 'password1'],
    ])('A15 %s is refused wherever a password is chosen', async (_name, password) => {
      const user = await system.client('client');
      const json = { 'content-type': 'application/json' };
      const body = (fields: object) => ({ headers: json, body: JSON.stringify(fields) });
      const answers = [
        await anonymous.request('POST', '/api/auth/signup', body({ email: newAddress(), password })),
        await reset(await resetToken(user.user), password),
        await user.request(
          'POST',
          '/api/auth/password/change',
          body({ currentPassword: user.user.password, newPassword: password }),
        ),
      ];
      for (const { status, body: problem } of answers)
        expect([status, problem.code]).toEqual([400, 'VALIDATION_FAILED']);
      expect((await login(user.user.email, user.user.password)).status).toBe(200);
    });
  });

  describe('A16', () => {
    it('A16 a key opens what its scope says, mints nothing, and is worth nothing once revoked', async () => {
      const ops = await system.client('ops');
      const { fileId } = await ops.uploadAndWait(document);
      const { id, key } = await apiKey(ops, 'files:write');
      const client = new ApiClient(system.url, key);
      expect((await client.upload(document)).status).toBe(201);
      for (const [method, path] of [
        ['GET', '/api/files'],
        ['GET', `/api/files/${fileId}`],
        ['GET', `/api/files/${fileId}/content`],
        ['POST', `/api/files/${fileId}/download-link`],
        ['GET', '/api/users'],
        ['GET', '/api/auth/api-keys'],
      ] as const) {
        const { status, body } = await client.request(method, path);
        expect([method, path, status, body.code]).toEqual([method, path, 403, 'FORBIDDEN']);
      }
      const broader = { name: 'more', scopes: ['files:read', 'files:write', 'shares', 'webhooks'] };
      expect((await client.post('/api/auth/api-keys', broader)).status).toBe(403);
      for (const name of ['key', 'api_key', 'apiKey', 'access_token', 'token']) {
        expect((await anonymous.get(`/api/files?${name}=${key}`)).status).toBe(401);
      }

      const rows = await system.query('SELECT * FROM api_keys WHERE id = $1', [id]);
      expect(rows[0].key_hash).toHaveLength(32);
      expect(JSON.stringify([rows, (await ops.get('/api/auth/api-keys')).body])).not.toContain(key.slice(3));
      expect((await ops.delete(`/api/auth/api-keys/${id}`)).status).toBe(204);
      expect((await client.upload(document)).status).toBe(401);
      expect(system.apis[0]!.output).not.toContain(key.slice(3));
    });
  });

  describe('W02', () => {
    it.each([
      ['markup', '<img src=x onerror=alert(1)>'],
      ['a template', '{{constructor.constructor("return 1")()}}'],
      ['a header', 'Ada\r\nBcc: victim@example.com\r\n\r\nhttps://evil.example'],
      ['a bidi override', 'Ada \u202e\u2066 evil'],
    ])('W02 mails stay what they are, whatever the name holds: %s', async (_what, fullName) => {
      const ops = await system.client('ops');
      expect((await patch(ops.user.id, { fullName })).body.fullName).toBe(fullName);
      const invited = newAddress();
      await ops.post('/api/auth/invitations', { email: invited, role: 'client' });
      await resetToken(ops.user);
      for (const address of [invited, ops.user.email]) {
        const mail = (await mails.to(address))[0]!;
        expect(mail.bcc ?? []).toEqual([]);
        expect(mail.to).toEqual([{ name: '', address }]);
        expect(mail.html).not.toMatch(/<img|\u202e|\u2066/);
        expect(linkIn(mail).origin).toBe(new URL(system.env.PUBLIC_URL!).origin);
      }
    });
  });

  /** A POST with the headers exactly as given, Host included. */
  function raw(path: string, headers: Record<string, string>, body: object): Promise<void> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(system.url);
      const options = { hostname, port, path, method: 'POST', headers: { ...headers } };
      const request = httpRequest(
        { ...options, headers: { 'Content-Type': 'application/json', ...headers } },
        (response) => response.resume().on('end', resolve),
      );
      request.on('error', reject).end(JSON.stringify(body));
    });
  }
});
