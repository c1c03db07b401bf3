import { randomUUID } from 'node:crypto';
import Bull from 'bull';
import { browserPath, launchBrowser } from '../support/browser';
import { rawRequest, type RawAnswer, type RawRequest } from '../support/raw-request';
import { TestSystem, waitFor, type ApiClient, type TestUser } from '../support/system';

jest.setTimeout(60_000);

const BOARD = '/api/admin/queues';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const PAGE = { accept: 'text/html' };
const OWN = { 'sec-fetch-site': 'same-origin' };

let system: TestSystem;
let queue: Bull.Queue;
let admin: ApiClient & { user: TestUser };
let bearer: { authorization: string };

beforeAll(async () => {
  system = await TestSystem.start({ workers: 0 });
  queue = new Bull('notifications', system.env.REDIS_URL!);
  admin = await system.client('admin');
  bearer = { authorization: `Bearer ${admin.token}` };
});
afterAll(async () => {
  await queue?.close();
  await system?.stop();
});

const raw = (method: string, path: string, request: RawRequest = {}): Promise<RawAnswer> =>
  rawRequest(system.url, method, path, request);

const signIn = ({ email, password }: TestUser, headers: Record<string, string> = OWN): Promise<RawAnswer> =>
  raw('POST', BOARD, {
    headers: { ...FORM, ...PAGE, ...headers },
    body: new URLSearchParams({ email, password }).toString(),
  });

async function cookieOf(user: TestUser): Promise<string> {
  const { headers } = await signIn(user);
  return String(headers['set-cookie']).split(';')[0]!;
}

/** A job that a worker would find nothing for. */
const addJob = (): Promise<Bull.Job> =>
  queue.add('mail.send', { mailId: randomUUID(), attempt: 0 }, { jobId: `${randomUUID()}:0` });

const audited = (action: string): Promise<{ outcome: string; actor_id: string | null }[]> =>
  system.query('SELECT outcome, actor_id FROM audit_log WHERE action = $1 ORDER BY id', [action]);

describe('who may see the queues', () => {
  const PATHS = ['', '/', '/queue/notifications', '/api/queues', '/static/images/logo.svg', '/nothing'];

  it.each(PATHS)('nobody who is not known sees %s, by whatever he shows', async (path) => {
    const credentials: Record<string, string>[] = [
      {},
      { authorization: 'Bearer nonsense' },
      { cookie: `waybill-queues=${admin.token}` },
      { cookie: 'waybill-queues=' },
      { cookie: `waybill-queues=${'A'.repeat(100)}` },
    ];
    for (const headers of credentials) {
      const { status, text } = await raw('GET', BOARD + path, { headers });
      expect([status, JSON.parse(text).code]).toEqual([401, 'UNAUTHENTICATED']);
    }
  });

  it.each(['ops', 'client'] as const)('nobody of the role %s does, nor can sign in', async (role) => {
    const other = await system.client(role);
    const headers = { authorization: `Bearer ${other.token}` };
    for (const path of PATHS) expect((await raw('GET', BOARD + path, { headers })).status).toBe(403);
    const answer = await signIn(other.user);
    expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined]);
    const [{ n }] = await system.query('SELECT count(*)::int AS n FROM sessions WHERE user_id = $1', [
      other.user.id,
    ]);
    expect(n).toBe(1); // That of the token above.
  });

  it('no API key does', async () => {
    const { body } = await admin.post('/api/auth/api-keys', { name: 'mine', scopes: ['files:read'] });
    const headers = { authorization: `Bearer ${body.key}` };
    expect((await raw('GET', `${BOARD}/api/queues`, { headers })).status).toBe(403);
  });

  it('an admin’s program shows its access token', async () => {
    await addJob();
    const { status, text } = await raw('GET', `${BOARD}/api/queues?activeQueue=notifications`, {
      headers: bearer,
    });
    expect(status).toBe(200);
    const { queues } = JSON.parse(text);
    expect(queues.map(({ name }: { name: string }) => name)).toEqual([
      'encryption',
      'notifications',
      'cleanup',
    ]);
    expect(Object.keys(queues[1].jobs[0].data).sort()).toEqual(['attempt', 'mailId']);
  });
});

describe('signing in', () => {
  it('gives a cookie that is for the board alone, and is worth nothing as a token', async () => {
    const { status, headers } = await signIn(admin.user);
    expect([status, headers.location]).toEqual([303, BOARD]);
    const [pair, ...attributes] = String(headers['set-cookie']).split('; ');
    expect(attributes).toEqual([`Path=${BOARD}`, 'Max-Age=3600', 'HttpOnly', 'SameSite=Strict']);
    expect((await raw('GET', BOARD, { headers: { cookie: pair!, ...PAGE } })).status).toBe(200);
    // W03: what a browser sends by itself opens nothing else.
    expect((await raw('GET', '/api/users', { headers: { cookie: pair! } })).status).toBe(401);
    const token = pair!.split('=')[1]!;
    const asBearer = { authorization: `Bearer ${token}` };
    expect((await raw('GET', '/api/users', { headers: asBearer })).status).toBe(401);
    expect((await raw('GET', BOARD, { headers: asBearer })).status).toBe(401);
  });

  it('is on record, and so are refusals', async () => {
    expect((await signIn({ ...admin.user, password: 'not the one' })).status).toBe(401);
    await waitFor('the entries', async () => {
      const entries = await audited(`POST ${BOARD}`);
      return ['allowed', 'denied'].every((each) => entries.some(({ outcome }) => outcome === each));
    });
    const entries = await audited(`POST ${BOARD}`);
    expect(entries.find(({ outcome }) => outcome === 'allowed')!.actor_id).toBe(admin.user.id);
  });

  it('tells a person by the page what was wrong, and never which', async () => {
    const wrong = await signIn({ ...admin.user, password: 'not the one' });
    const unknown = await signIn({ ...admin.user, email: 'nobody@example.org' });
    expect(wrong.headers['content-type']).toContain('text/html');
    expect(wrong.text).toBe(unknown.text);
    expect(wrong.text).toContain('The e-mail address or the password is wrong.');
  });

  it('ends at once with the session, the role and the account', async () => {
    const ends: [what: string, end: (user: TestUser, cookie: string) => Promise<unknown>][] = [
      ['demoted', ({ id }) => system.query(`UPDATE users SET role = 'ops' WHERE id = $1`, [id])],
      ['disabled', ({ id }) => system.query('UPDATE users SET disabled_at = now() WHERE id = $1', [id])],
      ['over', ({ id }) => system.query('UPDATE sessions SET expires_at = now() WHERE user_id = $1', [id])],
      [
        'signed out',
        (_, cookie) => raw('POST', `${BOARD}/sign-out`, { headers: { cookie, ...FORM, ...OWN }, body: '' }),
      ],
    ];
    for (const [what, end] of ends) {
      const user = await system.createUser('admin');
      const cookie = await cookieOf(user);
      const look = (): Promise<RawAnswer> => raw('GET', `${BOARD}/api/queues`, { headers: { cookie } });
      expect([what, (await look()).status]).toEqual([what, 200]);
      await end(user, cookie);
      expect([what, (await look()).status]).toEqual([what, 401]);
    }
  });

  it('W03 is no page of another’s to do for somebody', async () => {
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      {},
    ];
    for (const headers of foreign) {
      const answer = await signIn(admin.user, headers);
      expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined]);
    }
    expect((await signIn(admin.user, { origin: system.url })).status).toBe(303);
  });
});

describe('what can be done', () => {
  const put = (path: string, headers: Record<string, string>): Promise<RawAnswer> =>
    raw('PUT', `${BOARD}/api/queues/${path}`, { headers });

  it('W03 with a cookie, by a page of ours alone', async () => {
    const cookie = await cookieOf(admin.user);
    const foreign: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site', origin: 'http://app.127.0.0.1' },
      { 'sec-fetch-site': 'none' },
      { origin: 'null' },
      {},
    ];
    for (const headers of foreign) {
      expect((await put('notifications/pause', { cookie, ...headers })).status).toBe(403);
    }
    expect(await queue.isPaused()).toBe(false);
    expect((await put('notifications/pause', { cookie, ...OWN, origin: system.url })).status).toBe(200);
    expect(await queue.isPaused()).toBe(true);
    expect((await put('notifications/resume', bearer)).status).toBe(200);
    expect(await queue.isPaused()).toBe(false);
    await waitFor(
      'the record',
      async () => (await audited(`PUT ${BOARD}/api/queues/notifications/pause`)).length > 0,
    );
  });

  it('jobs can be cleaned, and nothing made that no row asks for', async () => {
    await queue.empty();
    const { id } = await addJob();
    // What was added within seconds is left alone where all are cleaned.
    expect((await put('notifications/clean/wait', bearer)).status).toBe(200);
    expect(await queue.getWaitingCount()).toBe(1);
    expect((await put(`notifications/${id}/clean`, bearer)).status).toBe(204);
    expect(await queue.getWaitingCount()).toBe(0);
    const add = await raw('POST', `${BOARD}/api/queues/notifications/add`, {
      headers: { ...bearer, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'mail.send', data: { mailId: randomUUID() } }),
    });
    expect(add.status).toBe(403);
    for (const path of ['notifications/obliterate', 'notifications/concurrency', 'cleanup/pause']) {
      expect([path, (await put(path, bearer)).status]).toEqual([path, expect.any(Number)]);
      expect((await put(path, bearer)).status).toBeGreaterThanOrEqual(400);
    }
    expect(await queue.getWaitingCount()).toBe(0);
  });
});

describe('W01', () => {
  it.each([
    ['the sign-in page', '', { ...PAGE }, 401],
    ['the board', '', 'bearer', 200],
    ['what it shows', '/api/queues', 'bearer', 200],
    ['a file of it', '/static/images/logo.svg', 'bearer', 200],
    ['nothing', '/nothing', 'bearer', 404],
    ['signing out', '/sign-out', {}, 200],
  ] as const)('W01 %s at the queues', async (_name, path, headers, status) => {
    const answer = await raw('GET', BOARD + path, { headers: headers === 'bearer' ? bearer : headers });
    expect(answer.status).toBe(status);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['referrer-policy']).toMatch(/^(no-referrer|same-origin)$/);
    expect(answer.headers['x-powered-by']).toBeUndefined();
    const policy = answer.headers['content-security-policy'];
    expect(policy).toContain("default-src 'none'");
    for (const each of ['object-src', 'base-uri', 'frame-ancestors'])
      expect(policy).toContain(`${each} 'none'`);
    expect(policy).not.toMatch(/script-src[^;]*'unsafe/);
    if (path !== '/static/images/logo.svg') expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('the page names no other origin', async () => {
    const { text } = await raw('GET', BOARD, { headers: bearer });
    expect(text).not.toMatch(/(href|src)="(https?:)?\/\//);
    expect(text).not.toContain('fonts.g');
  });
});

const browser = browserPath();
(browser === null ? describe.skip : describe)('in a browser', () => {
  it('one signs in, pauses, resumes and signs out; nothing is asked of anybody else', async () => {
    await addJob();
    const chromium = await launchBrowser(browser!);
    try {
      const page = await chromium.newPage();
      const origins = new Set<string>();
      const complaints: string[] = [];
      page.on('request', (request) => origins.add(new URL(request.url()).origin));
      page.on('console', (message) => {
        // The board names its path in a `<base>`, which it reads and our policy keeps the browser from following.
        const expected =
          /status of 401|base-uri 'none'/.test(message.text()) ||
          message.location().url.endsWith('favicon.ico');
        if (message.type() === 'error' && !expected) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));

      await page.goto(`${system.url}${BOARD}`);
      await page.getByLabel('E-mail address').fill(admin.user.email);
      await page.getByLabel('Password').fill(admin.user.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page
        .getByRole('link', { name: /notifications/ })
        .first()
        .click();
      await page.getByText('mail.send').first().waitFor();
      if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/board.png` });

      const cookies = await page.context().cookies();
      expect(cookies).toMatchObject([{ name: 'waybill-queues', httpOnly: true, sameSite: 'Strict' }]);
      expect(await page.evaluate('document.cookie')).toBe('');
      expect([...origins]).toEqual([system.url]);
      expect(complaints).toEqual([]);

      await page.goto(`${system.url}${BOARD}/sign-out`);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('link', { name: 'Sign in again' }).click();
      await page.getByLabel('Password').waitFor();
    } finally {
      await chromium.close();
    }
  });
});
