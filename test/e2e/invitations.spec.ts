import { InvitationLinks } from '@waybill/features/auth';
import { Accounts, PASSWORD, type Person } from '../support/accounts';
import { ApiApp } from '../support/api-app';
import { ApiClient, type Answer } from '../support/system/api-client';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

let api: ApiApp;
let accounts: Accounts;
let anonymous: ApiClient;
let admin: Person;
let ops: Person;

beforeAll(async () => {
  // Where nobody can sign up, invitations still let people in.
  api = await ApiApp.start({ SIGNUP_POLICY: 'invite', PUBLIC_URL: 'https://waybill.example/files/' });
  accounts = new Accounts(api);
  anonymous = new ApiClient(api.url);
  [admin, ops] = [await accounts.person('admin'), await accounts.person('ops')];
});
afterAll(() => api.stop());

const invite = (role: string, by = admin, email = accounts.newAddress()): Promise<Answer> =>
  by.client.post('/api/auth/invitations', { email, role });

/** The token that is mailed, and the link that it is in. */
async function mailed(id: string): Promise<{ token: string; url: URL } | null> {
  const offer = await api.app.get(InvitationLinks, { strict: false }).offer(id);
  return offer && { token: offer.url.split('/').at(-1)!, url: new URL(offer.url) };
}

async function invited(role = 'client', by = admin): Promise<{ id: string; email: string; token: string }> {
  const { status, body } = await invite(role, by);
  expect(status).toBe(201);
  return { ...body, token: (await mailed(body.id))!.token };
}

const accept = (token: string, body: object = { password: PASSWORD, fullName: 'Ada' }) =>
  anonymous.post(`/api/auth/invitations/${token}/accept`, body);

describe('inviting', () => {
  it('offers an account, and says nothing of the link', async () => {
    const email = accounts.newAddress();
    const answer = await invite('ops', admin, email);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.any(String),
      email,
      role: 'ops',
      expiresAt: expect.any(String),
    });
    const { token, url } = (await mailed(answer.body.id))!;
    expect(url.href).toBe(`https://waybill.example/files/api/auth/invitations/${token}`);
    const [row] = await api.query('SELECT * FROM invitations WHERE id = $1', [answer.body.id]);
    expect(row.token_hash).toHaveLength(32);
    expect(JSON.stringify(row)).not.toContain(token);
    const [event] = await api.query(`SELECT actor_id, data FROM events WHERE subject_id = $1`, [row.id]);
    expect(event).toEqual({ actor_id: admin.id, data: { invitationId: row.id, role: 'ops' } });
  });

  it.each([
    ['admin', 'admin', 201],
    ['admin', 'ops', 201],
    ['admin', 'client', 201],
    ['ops', 'client', 201],
    ['ops', 'ops', 403],
    ['ops', 'admin', 403],
    ['client', 'client', 403],
  ] as const)('%s → %s: %i', async (role, offered, status) => {
    const inviter = await accounts.person(role);
    expect((await invite(offered, inviter)).status).toBe(status);
  });

  it.each([
    ['no account', undefined, 'client', 400],
    ['no role', 'ada@example.com', 'root', 400],
    ['a header', 'a@b.c\r\nBcc: x@y.z', 'client', 400],
  ])('refuses %s', async (_what, email, role, status) => {
    const answer = await admin.client.post('/api/auth/invitations', { email, role });
    expect(answer.status).toBe(status);
  });

  it('tells that an address has an account', async () => {
    const answer = await invite('client', ops, ops.email.toUpperCase());
    expect([answer.status, answer.body.code]).toEqual([409, 'EMAIL_TAKEN']);
  });
});

describe('accepting', () => {
  it.each(['client', 'ops', 'admin'])('makes a verified account: %s', async (role) => {
    const { email, token } = await invited(role);
    const answer = await accept(token);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.any(String),
      email,
      fullName: 'Ada',
      role,
      emailVerified: true,
    });
    expect(await accounts.canLogIn(email)).toBe(true);
    expect(await accounts.events(answer.body.id)).toContain('user.created');
  });

  it('works once, of twenty at the same moment', async () => {
    const { token } = await invited();
    const answers = await Promise.all(Array.from({ length: 20 }, () => accept(token)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'INVALID_TOKEN')).toHaveLength(19);
  });

  it.each([
    ['another role', { role: 'admin' }],
    ['another address', { email: 'x@example.com' }],
  ])('lets nobody choose %s', async (_what, extra) => {
    const { token } = await invited();
    expect((await accept(token, { password: PASSWORD, ...extra })).status).toBe(400);
    expect((await accept(token)).status).toBe(201);
  });

  it('keeps the offer when the password cannot be taken', async () => {
    const { token } = await invited();
    const refused = await accept(token, { password: 'Password1' });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, '/password']);
    expect((await accept(token, { password: PASSWORD })).body.fullName).toBeNull();
  });

  it('tells when the address got an account meanwhile, and changes nothing of it', async () => {
    const { email, token } = await invited('admin');
    await accounts.create('client', email);
    const answer = await accept(token, { password: 'another horse battery' });
    expect([answer.status, answer.body.code]).toEqual([409, 'EMAIL_TAKEN']);
    expect(await accounts.canLogIn(email)).toBe(true);
    const [row] = await api.query('SELECT role FROM users WHERE email = $1', [email]);
    expect(row.role).toBe('client');
  });

  it.each([
    ['expired', 'UPDATE invitations SET expires_at = now() WHERE id = $1'],
    ['gone', 'DELETE FROM invitations WHERE id = $1'],
  ])('refuses an offer that is %s', async (_how, statement) => {
    const { id, token } = await invited();
    await api.query(statement, [id]);
    expect((await accept(token)).body.code).toBe('INVALID_TOKEN');
    expect(await mailed(id)).toBeNull();
  });

  it.each([
    ['disabled', 'ops', 'client', 'UPDATE users SET disabled_at = now() WHERE id = $1'],
    ['demoted', 'ops', 'client', `UPDATE users SET role = 'client' WHERE id = $1`],
    ['demoted to ops', 'admin', 'ops', `UPDATE users SET role = 'ops' WHERE id = $1`],
  ] as const)('refuses the offer of one who was %s', async (_how, role, offered, statement) => {
    const inviter = await accounts.person(role);
    const { token } = await invited(offered, inviter);
    await api.query(statement, [inviter.id]);
    expect((await accept(token)).body.code).toBe('INVALID_TOKEN');
  });

  it.each([
    ['a letter', 'x'],
    ['one that was never given', 'A'.repeat(43)],
    ['a long one', 'A'.repeat(5_000)],
  ])('refuses a token that is %s', async (_what, token) => {
    expect((await accept(token)).body.code).toBe('INVALID_TOKEN');
  });
});

describe('the page of an invitation', () => {
  it('is a form without script, which makes the account', async () => {
    const { id, email } = await invited();
    const { url } = (await mailed(id))!;
    const path = url.pathname.replace('/files', '');
    for (const method of ['HEAD', 'GET', 'GET'])
      expect((await anonymous.request(method, path)).status).toBe(200);
    const text = (await anonymous.get(path)).bytes.toString();
    expect(text).not.toMatch(/<script|https?:\/\//);
    // Under the prefix that PUBLIC_URL has.
    const action = /action="([^"]+)"/.exec(text)![1]!;
    expect(action).toMatch(/^\/files\/api\/auth\/invitations\/[\w-]{43}\/accept$/);

    const send = (fields: Record<string, string>) =>
      anonymous.request('POST', action.replace('/files', ''), {
        headers: FORM,
        body: new URLSearchParams(fields).toString(),
      });
    const refused = await send({ password: 'password1', fullName: '' });
    expect(refused.status).toBe(400);
    expect(refused.bytes.toString()).toMatch(/role="alert">This password is too common/);
    const done = await send({ password: PASSWORD, fullName: '' });
    expect([done.status, done.headers.get('content-type')]).toEqual([201, 'text/html; charset=utf-8']);
    expect(await accounts.canLogIn(email)).toBe(true);
    expect((await send({ password: PASSWORD })).bytes.toString()).toContain('This link does not work');
  });
});
