import { randomUUID } from 'node:crypto';
import { AccountsService, ConfirmationLinks, CredentialSweeper } from '@waybill/features/auth';
import { ApiApp } from '../support/api-app';
import { createTestDatabase } from '../support/database';
import { ApiClient } from '../support/system/api-client';

const PASSWORD = 'correct horse battery staple';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('auth', () => {
  let api: ApiApp;
  let client: ApiClient;

  beforeAll(async () => {
    api = await ApiApp.start();
    client = new ApiClient(api.url);
  });
  afterAll(() => api.stop());

  const newAddress = (): string => `ada-${randomUUID()}@example.com`;

  async function events(userId: string): Promise<string[]> {
    const rows = await api.query<{ type: string }>(
      'SELECT type FROM events WHERE owner_id = $1 ORDER BY id',
      [userId],
    );
    return rows.map(({ type }) => type);
  }

  async function signUp(email = newAddress()): Promise<{ id: string; email: string }> {
    const answer = await client.post('/api/auth/signup', { email, password: PASSWORD, fullName: 'Ada' });
    expect(answer.status).toBe(201);
    return answer.body;
  }

  /** The path of the newest confirmation link, as the mail has it. */
  async function linkOf(userId: string): Promise<string> {
    const [event] = await api.query<{ id: string }>(
      `SELECT data->>'tokenId' AS id FROM events WHERE owner_id = $1 AND type = 'user.confirmation_requested'
       ORDER BY id DESC LIMIT 1`,
      [userId],
    );
    const link = await api.app.get(ConfirmationLinks, { strict: false }).linkFor(event!.id);
    return new URL(link!.url).pathname;
  }

  async function verified(
    role: 'client' | 'ops' | 'admin' = 'client',
  ): Promise<{ id: string; email: string }> {
    const email = newAddress();
    const accounts = api.app.get(AccountsService, { strict: false });
    const { id } = await accounts.create({ email, role, password: PASSWORD, verified: true });
    return { id, email };
  }

  async function logIn(email: string): Promise<{ accessToken: string; refreshToken: string }> {
    const answer = await client.post('/api/auth/login', { email, password: PASSWORD });
    expect(answer.status).toBe(200);
    return answer.body;
  }

  const me = (accessToken: string) => client.get('/api/auth/me', { authorization: `Bearer ${accessToken}` });
  const refresh = (refreshToken: string) => client.post('/api/auth/refresh', { refreshToken });

  describe('signing up', () => {
    it('makes an unverified client, and asks for a confirmation', async () => {
      const email = newAddress();
      const answer = await client.post('/api/auth/signup', { email, password: PASSWORD });
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual({ id: expect.any(String), email, role: 'client', emailVerified: false });
      const [row] = await api.query('SELECT * FROM users WHERE id = $1', [answer.body.id]);
      expect(row).toMatchObject({ email, role: 'client', full_name: null, email_verified_at: null });
      expect(row.password_hash).toMatch(/^\$argon2id\$/);
      expect(await events(answer.body.id)).toEqual(['user.signed_up', 'user.confirmation_requested']);
      const outbox = await api.query(
        'SELECT 1 FROM event_outbox o JOIN events e ON e.id = o.event_id WHERE owner_id = $1',
        [answer.body.id],
      );
      expect(outbox).toHaveLength(2);
    });

    it('keeps no token in the database, only its hash', async () => {
      const { id } = await signUp();
      const token = (await linkOf(id)).split('/').at(-1)!;
      const [row] = await api.query('SELECT * FROM one_time_tokens WHERE user_id = $1', [id]);
      expect(row.token_hash).toHaveLength(32);
      expect(JSON.stringify(row)).not.toContain(token);
      expect(row.token_hash.toString('base64url')).not.toBe(token);
    });

    it('takes an address once, in any case', async () => {
      const { email } = await signUp();
      const answer = await client.post('/api/auth/signup', {
        email: email.toUpperCase(),
        password: PASSWORD,
      });
      expect(answer.status).toBe(409);
      expect(answer.body.code).toBe('EMAIL_TAKEN');
    });

    it('takes an address once, also when many try at the same moment', async () => {
      const email = newAddress();
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => client.post('/api/auth/signup', { email, password: PASSWORD })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(7).fill(409)]);
    });

    it.each([
      ['no address', { email: undefined }, '/email'],
      ['a bad address', { email: 'ada' }, '/email'],
      ['an address with a header in it', { email: 'a@b.c\r\nBcc: x@y.z' }, '/email'],
      ['an address that is a list', { email: ['a@b.c'] }, '/email'],
      ['no password', { password: undefined }, '/password'],
      ['a short password', { password: '1234567' }, '/password'],
      ['a common password', { password: 'Password1' }, '/password'],
      ['a password of 129 characters', { password: 'x'.repeat(129) }, '/password'],
      ['a password of a megabyte', { password: 'x'.repeat(1_000_000) }, '/password'],
      ['a password with NUL', { password: 'correct\0horse' }, '/password'],
      ['half a surrogate pair', { fullName: 'Ada \ud800' }, '/fullName'],
      ['a name with NUL', { fullName: 'Ada\0' }, '/fullName'],
      ['an empty name', { fullName: '' }, '/fullName'],
      ['a name that is a number', { fullName: 7 }, '/fullName'],
    ])('refuses %s, and names the field', async (_name, change, pointer) => {
      const body = { email: newAddress(), password: PASSWORD, ...change };
      const answer = await client.post('/api/auth/signup', body);
      expect(answer.status).toBe(400);
      expect(answer.body.code).toBe('VALIDATION_FAILED');
      expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    });

    it('keeps what is merely unusual as it is', async () => {
      const fullName = `Ada \u202e$ne 'x"; -- 🔑`;
      const { id } = (
        await client.post('/api/auth/signup', { email: newAddress(), password: PASSWORD, fullName })
      ).body;
      const [row] = await api.query('SELECT full_name FROM users WHERE id = $1', [id]);
      expect(row.full_name).toBe(fullName);
    });
  });

  describe('confirming', () => {
    it('shows a page that works without script and changes nothing', async () => {
      const { id } = await signUp();
      const page = await client.get(await linkOf(id));
      expect(page.status).toBe(200);
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
      const policy = page.headers.get('content-security-policy')!;
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("form-action 'self'");
      expect(policy).not.toContain('script-src');
      expect(page.headers.get('cache-control')).toContain('no-store');
      expect(page.headers.get('referrer-policy')).toBe('no-referrer');
      const text = page.bytes.toString();
      expect(text).toMatch(/<form method="post">\s*<button type="submit">Confirm<\/button>/);
      expect(text).not.toContain('<script');
      const [row] = await api.query('SELECT email_verified_at FROM users WHERE id = $1', [id]);
      expect(row.email_verified_at).toBeNull();
    });

    it('answers JSON to programs', async () => {
      const { id } = await signUp();
      const answer = await client.post(await linkOf(id));
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({ emailVerified: true });
      expect(await events(id)).toContain('user.email_verified');
    });

    it('answers the form with a page, also when the link does not work', async () => {
      const { id } = await signUp();
      const path = await linkOf(id);
      for (const [status, words] of [
        [200, 'is confirmed'],
        [400, 'does not work'],
      ] as const) {
        const page = await client.request('POST', path, { headers: FORM, body: '' });
        expect(page.status).toBe(status);
        expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
        expect(page.bytes.toString()).toContain(words);
      }
    });

    it('works once, of twenty at the same moment', async () => {
      const { id } = await signUp();
      const path = await linkOf(id);
      const answers = await Promise.all(Array.from({ length: 20 }, () => client.post(path)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ body }) => body.code === 'INVALID_TOKEN')).toHaveLength(19);
    });

    it('does nothing for an account that was disabled meanwhile', async () => {
      const { id } = await signUp();
      const path = await linkOf(id);
      await api.query('UPDATE users SET disabled_at = now() WHERE id = $1', [id]);
      expect((await client.post(path)).status).toBe(400);
    });

    it('answers every request for another link alike, and sends one where there is something to confirm', async () => {
      const unverified = await signUp();
      const done = await verified();
      for (const email of [unverified.email, done.email, newAddress()]) {
        const answer = await client.post('/api/auth/confirm/resend', { email });
        expect([answer.status, answer.bytes.toString()]).toEqual([202, '']);
      }
      const requested = (type: string): boolean => type === 'user.confirmation_requested';
      expect((await events(unverified.id)).filter(requested)).toHaveLength(2);
      expect((await events(done.id)).filter(requested)).toHaveLength(0);
    });

    it('leaves one link alive when many are asked for at the same moment', async () => {
      const { id, email } = await signUp();
      await Promise.all(Array.from({ length: 5 }, () => client.post('/api/auth/confirm/resend', { email })));
      const rows = await api.query('SELECT 1 FROM one_time_tokens WHERE user_id = $1', [id]);
      expect(rows).toHaveLength(1);
    });
  });

  describe('logging in', () => {
    it('gives a pair of tokens and the user', async () => {
      const { id, email } = await verified('ops');
      const answer = await client.post('/api/auth/login', { email: email.toUpperCase(), password: PASSWORD });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        refreshToken: expect.stringMatching(/^wbr_[\w-]{43}$/),
        tokenType: 'Bearer',
        expiresIn: 900,
        user: { id, email, fullName: null, role: 'ops', emailVerified: true },
      });
      expect(answer.headers.get('cache-control')).toContain('no-store');
      const profile = await me(answer.body.accessToken);
      expect(profile.body).toEqual(answer.body.user);
      expect(await events(id)).toContain('session.started');
      const stored = JSON.stringify(await api.query('SELECT * FROM refresh_tokens'));
      expect(stored).not.toContain(answer.body.refreshToken.slice(4));
    });

    it('answers alike to a wrong password, an unknown address and a disabled account', async () => {
      const known = await verified();
      const disabled = await verified();
      await api.query('UPDATE users SET disabled_at = now() WHERE id = $1', [disabled.id]);
      const answers = await Promise.all([
        client.post('/api/auth/login', { email: known.email, password: `${PASSWORD}!` }),
        client.post('/api/auth/login', { email: newAddress(), password: PASSWORD }),
        client.post('/api/auth/login', { email: disabled.email, password: PASSWORD }),
      ]);
      const bodies = answers.map(({ status, body: { requestId, ...body } }) => ({
        status,
        body,
        hasId: !!requestId,
      }));
      expect(bodies[0]).toMatchObject({ status: 401, body: { code: 'INVALID_CREDENTIALS' } });
      expect(bodies[1]).toEqual(bodies[0]);
      expect(bodies[2]).toEqual(bodies[0]);
      expect(await events(known.id)).toContain('login.failed');
    });
  });

  describe('sessions', () => {
    const disable = `UPDATE users SET disabled_at = now() WHERE id = $1`;
    const expire = `WITH expired AS (
      UPDATE sessions SET expires_at = now() - interval '1 second' WHERE user_id = $1 RETURNING id
    ) UPDATE refresh_tokens SET expires_at = now() - interval '1 second' FROM expired WHERE session_id = expired.id`;
    it.each([
      ['logout', (_id: string, refreshToken: string) => client.post('/api/auth/logout', { refreshToken })],
      ['disabling', (id: string) => api.query(disable, [id])],
      ['expiry', (id: string) => api.query(expire, [id])],
      ['deletion', (id: string) => api.query('DELETE FROM users WHERE id = $1', [id])],
    ])('end at once by %s', async (_how, end) => {
      const { id, email } = await verified();
      const { accessToken, refreshToken } = await logIn(email);
      expect((await me(accessToken)).status).toBe(200);
      await end(id, refreshToken);
      expect((await me(accessToken)).status).toBe(401);
      expect((await refresh(refreshToken)).status).toBe(401);
    });

    it('take a change of role into account at once', async () => {
      const { id, email } = await verified('ops');
      const { accessToken } = await logIn(email);
      await api.query(`UPDATE users SET role = 'client' WHERE id = $1`, [id]);
      expect((await me(accessToken)).body.role).toBe('client');
    });

    it('can be ended twice, and by a token that was used', async () => {
      const { id, email } = await verified();
      const first = await logIn(email);
      const { body: second } = await refresh(first.refreshToken);
      for (const { refreshToken } of [first, second]) {
        expect((await client.post('/api/auth/logout', { refreshToken })).status).toBe(204);
      }
      expect((await me(second.accessToken)).status).toBe(401);
      expect((await events(id)).filter((type) => type === 'session.ended')).toHaveLength(1);
    });

    it('of one user do not end each other', async () => {
      const { email } = await verified();
      const [one, two] = await Promise.all([logIn(email), logIn(email)]);
      await client.post('/api/auth/logout', { refreshToken: one.refreshToken });
      expect((await me(two.accessToken)).status).toBe(200);
    });

    it('live on with each refresh, thirty days from it', async () => {
      const { id, email } = await verified();
      const { refreshToken } = await logIn(email);
      await api.query(`UPDATE sessions SET expires_at = now() + interval '1 hour' WHERE user_id = $1`, [id]);
      const { body } = await refresh(refreshToken);
      const [row] = await api.query(
        `SELECT extract(day FROM expires_at - now())::int AS days FROM sessions WHERE user_id = $1`,
        [id],
      );
      expect(row.days).toBe(29);
      expect((await me(body.accessToken)).status).toBe(200);
    });
  });

  it('expired credentials are swept, and used ones stay until then, so that reuse is noticed', async () => {
    const sweeper = api.app.get(CredentialSweeper, { strict: false });
    const [expired, alive] = [await verified(), await verified()];
    await logIn(expired.email);
    const { refreshToken } = await logIn(alive.email);
    await refresh(refreshToken);
    await api.query(
      `WITH gone AS (UPDATE sessions SET expires_at = now() - interval '1 s' WHERE user_id = $1 RETURNING id)
       UPDATE refresh_tokens SET expires_at = now() - interval '1 s' FROM gone WHERE session_id = gone.id`,
      [expired.id],
    );
    expect(await sweeper.run()).toBeGreaterThanOrEqual(2);
    expect(await sweeper.run()).toBe(0);
    const count = `SELECT count(*)::int AS n FROM sessions s JOIN refresh_tokens t ON t.session_id = s.id WHERE user_id = $1`;
    expect(await api.query(count, [expired.id])).toEqual([{ n: 0 }]);
    expect(await api.query(count, [alive.id])).toEqual([{ n: 2 }]);
  });

  describe('guards', () => {
    it.each(['/api/auth/me'])('ask for a credential at %s, and say so', async (path) => {
      const answer = await client.get(path);
      expect(answer.status).toBe(401);
      expect(answer.body.code).toBe('UNAUTHENTICATED');
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    });
  });
});

describe('limits', () => {
  let api: ApiApp;
  let victim: string;
  let next = 0;

  beforeAll(async () => {
    api = await ApiApp.start({ RATE_LIMIT_SCALE: '1', TRUST_PROXY: 'true' });
  });
  afterAll(() => api.stop());
  beforeEach(async () => {
    victim = `ada-${randomUUID()}@example.com`;
    const accounts = api.app.get(AccountsService, { strict: false });
    await accounts.create({ email: victim, role: 'client', password: PASSWORD, verified: true });
  });

  /** A sender that nobody has counted yet: a /64 of its own. */
  const newSender = (): string => `2001:db8:${randomUUID().slice(0, 4)}:${(next++).toString(16)}::1`;
  const from = (sender: string, email: string, password: string) =>
    new ApiClient(api.url).post('/api/auth/login', { email, password }, { 'x-forwarded-for': sender });

  it('stop a guesser after ten failures, also when he guesses right at last', async () => {
    const guesser = newSender();
    for (let failure = 0; failure < 10; failure++)
      expect((await from(guesser, victim, 'wrong')).status).toBe(401);
    const answer = await from(guesser, victim, PASSWORD);
    expect(answer.status).toBe(429);
    expect(answer.body.code).toBe('RATE_LIMITED');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.headers.get('ratelimit-policy')).toContain('q=10;w=900');
  });

  it('count the failures of many senders together, and still let the owner in', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => from(newSender(), victim, 'wrong')));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(20);
    expect((await from(newSender(), victim, PASSWORD)).status).toBe(200);
  });

  it('count a whole /64 as one sender', async () => {
    const network = newSender().replace('::1', '');
    const statuses: number[] = [];
    for (let host = 1; host <= 12; host++) {
      statuses.push((await from(`${network}::${host}`, victim, 'wrong')).status);
    }
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    expect((await from(`${network}::ffff`, victim, PASSWORD)).status).toBe(429);
  });

  it('do not count those who know their password', async () => {
    for (let login = 0; login < 15; login++)
      expect((await from(newSender(), victim, PASSWORD)).status).toBe(200);
  });

  it('tell nothing of who has an account', async () => {
    const nobody = `nobody-${randomUUID()}@example.com`;
    const guesser = newSender();
    for (let failure = 0; failure < 10; failure++)
      expect((await from(guesser, nobody, 'wrong')).status).toBe(401);
    expect((await from(guesser, nobody, 'wrong')).status).toBe(429);
  });

  it.each([
    ['login', { email: 'ada', password: 'x' }],
    ['signup', { email: 'ada', password: 'x' }],
    ['refresh', { refreshToken: 'x' }],
    ['logout', { refreshToken: 'x' }],
    ['confirm/x', undefined],
    ['confirm/resend', { email: 'ada' }],
    ['password/forgot', { email: 'ada' }],
    ['password/reset', { token: 'x', password: 'x' }],
    ['invitations/x/accept', { password: 'x' }],
  ])('allow an address twenty requests a minute at %s', async (route, body) => {
    const sender = newSender();
    const client = new ApiClient(api.url);
    const ask = () => client.post(`/api/auth/${route}`, body, { 'x-forwarded-for': sender });
    const answers = await Promise.all(Array.from({ length: 25 }, ask));
    const limited = answers.filter(
      ({ status, headers }) => status === 429 && headers.get('ratelimit-policy')?.includes('q=20;w=60'),
    );
    expect(limited).toHaveLength(5);
  });
});

describe('limits of an account', () => {
  const email = `ada-${randomUUID()}@example.com`;
  let address = 0;
  /** From an address of its own each, so that only the account's count can refuse. */
  const logIn = (api: ApiApp, password: string, from = `2001:db8:a:${(address++).toString(16)}::1`) =>
    new ApiClient(api.url).post('/api/auth/login', { email, password }, { 'x-forwarded-for': from });

  it('hold without Redis and over a restart, and never lock the owner out', async () => {
    // Nobody listens on port 1.
    const settings = { RATE_LIMIT_SCALE: '1', TRUST_PROXY: 'true', REDIS_URL: 'redis://127.0.0.1:1' };
    let api: ApiApp | undefined;
    const database = await createTestDatabase();
    try {
      api = await ApiApp.start({ ...settings, DATABASE_URL: database.url });
      const accounts = api.app.get(AccountsService, { strict: false });
      await accounts.create({ email, role: 'client', password: PASSWORD, verified: true });
      const early = await Promise.all(Array.from({ length: 6 }, () => logIn(api!, 'wrong')));
      expect(early.map(({ status }) => status)).toEqual(Array<number>(6).fill(401));
      await api.stop();

      api = await ApiApp.start({ ...settings, DATABASE_URL: database.url });
      const late = await Promise.all(Array.from({ length: 10 }, () => logIn(api!, 'wrong')));
      expect(late.filter(({ status }) => status === 401)).toHaveLength(4);
      expect(late.filter(({ status }) => status === 429)).toHaveLength(6);
      expect(Number(late.find(({ status }) => status === 429)!.headers.get('retry-after'))).toBeGreaterThan(
        60,
      );
      expect((await logIn(api, PASSWORD)).status).toBe(200);

      const stubborn = '2001:db8:b::1';
      for (let failure = 0; failure < 3; failure++) await logIn(api, 'wrong', stubborn);
      expect((await logIn(api, PASSWORD, stubborn)).status).toBe(429);
    } finally {
      await api?.stop();
      await database.drop();
    }
  }, 60_000);
});

describe('signing up by policy', () => {
  it.each([
    ['invite', 'ada@example.com', 403],
    ['domains:example.com,example.org', 'ada@evil.example', 403],
    ['domains:example.com,example.org', 'ada@EXAMPLE.org', 201],
  ])('%s: %s → %i', async (policy, email, status) => {
    const api = await ApiApp.start({ SIGNUP_POLICY: policy });
    try {
      const answer = await new ApiClient(api.url).post('/api/auth/signup', { email, password: PASSWORD });
      expect(answer.status).toBe(status);
      if (status === 403) expect(answer.body.code).toBe('SIGNUP_CLOSED');
    } finally {
      await api.stop();
    }
  });
});
