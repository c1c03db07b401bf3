import { randomUUID } from 'node:crypto';
import { AppConfig } from '@waybill/platform/config';
import { Client } from 'pg';
import { Accounts, PASSWORD, type Person } from '../support/accounts';
import { ApiApp } from '../support/api-app';
import { ApiClient } from '../support/system/api-client';
import { waitFor } from '../support/system/wait-for';

const NEW_PASSWORD = 'another horse, another staple';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

let api: ApiApp;
let accounts: Accounts;
let anonymous: ApiClient;

beforeAll(async () => {
  api = await ApiApp.start();
  accounts = new Accounts(api);
  anonymous = new ApiClient(api.url);
});
afterAll(() => api.stop());

const forgot = (email: string) => anonymous.post('/api/auth/password/forgot', { email });
const reset = (token: unknown, password: unknown = NEW_PASSWORD) =>
  anonymous.post('/api/auth/password/reset', { token, password });

/** Asks for a reset, and answers the token that was mailed. */
async function tokenFor({ id, email }: { id: string; email: string }): Promise<string> {
  expect((await forgot(email)).status).toBe(202);
  return (await accounts.link(id, 'password_reset'))!.pathname.split('/').at(-1)!;
}

const send = (path: string, fields: Record<string, string>) =>
  anonymous.request('POST', path, { headers: FORM, body: new URLSearchParams(fields).toString() });

describe('a forgotten password', () => {
  it('is replaced by the link of a mail, and everybody is logged out', async () => {
    const person = await accounts.person();
    const token = await tokenFor(person);
    const answer = await reset(token);
    expect([answer.status, answer.bytes.length]).toEqual([204, 0]);
    expect(await accounts.status(person.client)).toBe(401);
    expect(await accounts.refreshes(person.refreshToken)).toBe(false);
    expect(await accounts.canLogIn(person.email)).toBe(false);
    expect(await accounts.canLogIn(person.email, NEW_PASSWORD)).toBe(true);
    expect(await accounts.events(person.id)).toEqual(
      expect.arrayContaining(['user.password_reset_requested', 'user.password_reset', 'session.ended']),
    );
  });

  it('works once, of twenty at the same moment', async () => {
    const token = await tokenFor(await accounts.create());
    const answers = await Promise.all(Array.from({ length: 20 }, () => reset(token)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ body }) => body?.code === 'INVALID_TOKEN')).toHaveLength(19);
  });

  it('waits for whoever replaces the link just then, and not he for it', async () => {
    const { id, email } = await accounts.create();
    const token = await tokenFor({ id, email });
    const other = new Client({ connectionString: api.app.get(AppConfig).database.url });
    await other.connect();
    try {
      await other.query('BEGIN');
      await other.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [id]);
      const answer = reset(token);
      await waitFor('the reset to wait for the user', async () => {
        const waiting = await api.query(
          `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return waiting.length > 0;
      });
      await other.query('DELETE FROM one_time_tokens WHERE user_id = $1', [id]);
      await other.query('COMMIT');
      expect((await answer).body.code).toBe('INVALID_TOKEN');
    } finally {
      await other.end();
    }
  });

  it('keeps the token when the password cannot be taken', async () => {
    const token = await tokenFor(await accounts.create());
    const refused = await reset(token, 'Password1');
    expect([refused.status, refused.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(refused.body.errors[0].pointer).toBe('/password');
    expect((await reset(token)).status).toBe(204);
  });

  it('is answered alike for every address, and mailed about where there is an account in good standing', async () => {
    const known = await accounts.create();
    const disabled = await accounts.create();
    await api.query('UPDATE users SET disabled_at = now() WHERE id = $1', [disabled.id]);
    const { body: unverified } = await anonymous.post('/api/auth/signup', {
      email: accounts.newAddress(),
      password: PASSWORD,
    });
    for (const email of [known.email, known.email.toUpperCase(), disabled.email, unverified.email, 'a@b.c']) {
      const answer = await forgot(email);
      expect([answer.status, answer.bytes.toString()]).toEqual([202, '']);
    }
    expect(await accounts.link(known.id, 'password_reset')).not.toBeNull();
    for (const { id } of [disabled, unverified]) expect(await accounts.link(id, 'password_reset')).toBeNull();
  });

  it.each([
    ['disabled', 'UPDATE users SET disabled_at = now() WHERE id = $1'],
    ['not verified', 'UPDATE users SET email_verified_at = NULL WHERE id = $1'],
    ['deleted', 'DELETE FROM users WHERE id = $1'],
  ])('brings nobody back whose account is %s meanwhile', async (_how, statement) => {
    const account = await accounts.create();
    const token = await tokenFor(account);
    await api.query(statement, [account.id]);
    const answer = await reset(token);
    expect([answer.status, answer.body.code]).toEqual([400, 'INVALID_TOKEN']);
  });

  it('ends the older links when another is asked for', async () => {
    const account = await accounts.create();
    const [older, newer] = [await tokenFor(account), await tokenFor(account)];
    expect((await reset(older)).status).toBe(400);
    expect((await reset(newer)).status).toBe(204);
  });

  it('leaves other accounts alone', async () => {
    const [one, other] = [await accounts.person(), await accounts.person()];
    expect((await reset(await tokenFor(one))).status).toBe(204);
    expect(await accounts.status(other.client)).toBe(200);
    expect(await accounts.canLogIn(other.email)).toBe(true);
  });
});

describe('the page of a reset', () => {
  it('is a form without script, and uses nothing up', async () => {
    const account = await accounts.create();
    await forgot(account.email);
    const { pathname } = (await accounts.link(account.id, 'password_reset'))!;
    for (const method of ['HEAD', 'GET', 'GET'])
      expect((await anonymous.request(method, pathname)).status).toBe(200);
    const page = await anonymous.get(pathname);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self'");
    expect(page.headers.get('cache-control')).toContain('no-store');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    const text = page.bytes.toString();
    expect(text).not.toMatch(/<script|https?:\/\//);
    expect(text).toMatch(/<label\s*>New password/);

    // What the form says is what a browser would send.
    const action = /<form method="post" action="([^"]+)"/.exec(text)![1]!;
    const token = /name="token" value="([^"]+)"/.exec(text)![1]!;
    const refused = await send(action, { token, password: 'password1' });
    expect(refused.status).toBe(400);
    expect(refused.bytes.toString()).toMatch(/role="alert">This password is too common/);
    const done = await send(action, { token, password: NEW_PASSWORD });
    expect([done.status, done.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(done.bytes.toString()).toContain('Your password is set');
    expect(await accounts.canLogIn(account.email, NEW_PASSWORD)).toBe(true);

    const again = await send(action, { token, password: NEW_PASSWORD });
    expect(again.status).toBe(400);
    expect(again.bytes.toString()).toContain('This link does not work');
  });

  it('shows a hostile token as text', async () => {
    const hostile = '"><script>alert(1)</script>';
    const page = await anonymous.get(`/api/auth/password/reset/${encodeURIComponent(hostile)}`);
    expect(page.bytes.toString()).not.toContain('<script');
  });
});

describe('changing a password', () => {
  let person: Person;
  beforeEach(async () => {
    person = await accounts.person();
  });

  const change = (currentPassword: string, newPassword = NEW_PASSWORD) =>
    person.client.post('/api/auth/password/change', { currentPassword, newPassword });

  it('ends the other sessions, and this one not', async () => {
    const other = await accounts.logIn(person.email);
    const answer = await change(PASSWORD);
    expect([answer.status, answer.bytes.length]).toEqual([204, 0]);
    expect(await accounts.status(person.client)).toBe(200);
    expect(await accounts.refreshes(person.refreshToken)).toBe(true);
    expect(await accounts.status(other.client)).toBe(401);
    expect(await accounts.refreshes(other.refreshToken)).toBe(false);
    expect(await accounts.canLogIn(person.email)).toBe(false);
    expect(await accounts.canLogIn(person.email, NEW_PASSWORD)).toBe(true);
  });

  it('needs the current one', async () => {
    const answer = await change('wrong password');
    expect([answer.status, answer.body.code]).toEqual([401, 'INVALID_CREDENTIALS']);
    expect(await accounts.canLogIn(person.email)).toBe(true);
  });

  it('names the field of a password that cannot be taken', async () => {
    const answer = await change(PASSWORD, '1234567');
    expect(answer.status).toBe(400);
    expect(answer.body.errors[0].pointer).toBe('/newPassword');
  });

  it('ends a link that was mailed before', async () => {
    const token = await tokenFor(person);
    expect((await change(PASSWORD)).status).toBe(204);
    expect((await reset(token)).status).toBe(400);
  });

  it('succeeds once, of several at the same moment', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) => change(PASSWORD, `${NEW_PASSWORD} ${index}`)),
    );
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
  });

  it('leaves no session to a login that knew the old one, however they race', async () => {
    for (let round = 0; round < 5; round++) {
      const racer = await accounts.person();
      const [, ...logins] = await Promise.all([
        racer.client.post('/api/auth/password/change', {
          currentPassword: PASSWORD,
          newPassword: NEW_PASSWORD,
        }),
        ...Array.from({ length: 4 }, () =>
          anonymous.post('/api/auth/login', { email: racer.email, password: PASSWORD }),
        ),
      ]);
      for (const { status, body } of logins) {
        if (status !== 200) continue;
        expect(await accounts.status(new ApiClient(api.url, body.accessToken))).toBe(401);
      }
    }
  });
});

describe('guessing', () => {
  /** A sender that nobody has counted yet: a /64 of its own. */
  const newSender = (): string => {
    const [, one, two] = randomUUID().split('-');
    return `2001:db8:${one}:${two}::1`;
  };

  it('at the current password is counted with the logins', async () => {
    const strict = await ApiApp.start({ RATE_LIMIT_SCALE: '1', TRUST_PROXY: 'true' });
    try {
      const people = new Accounts(strict);
      const { email } = await people.create();
      const client = new ApiClient(strict.url);
      const from = { 'x-forwarded-for': newSender() };
      const { body } = await client.post('/api/auth/login', { email, password: PASSWORD }, from);
      client.token = body.accessToken;
      const guess = () =>
        client.post(
          '/api/auth/password/change',
          { currentPassword: 'wrong password', newPassword: NEW_PASSWORD },
          from,
        );
      const statuses: number[] = [];
      for (let failure = 0; failure < 12; failure++) statuses.push((await guess()).status);
      expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    } finally {
      await strict.stop();
    }
  });

  it('mails an address five times an hour at most, and says nothing of it', async () => {
    const strict = await ApiApp.start({ RATE_LIMIT_SCALE: '1', TRUST_PROXY: 'true' });
    try {
      const people = new Accounts(strict);
      const client = new ApiClient(strict.url);
      const from = { 'x-forwarded-for': newSender() };
      const { id, email } = await people.create();
      for (let nth = 0; nth < 8; nth++) {
        const { status } = await client.post('/api/auth/password/forgot', { email }, from);
        expect(status).toBe(202);
      }
      const requested = (await people.events(id)).filter((type) => type === 'user.password_reset_requested');
      expect(requested).toHaveLength(5);
    } finally {
      await strict.stop();
    }
  });
});
