import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Email } from 'postal-mime';
import { genuine } from '../fixtures/documents';
import { browserPath, launchBrowser } from '../support/browser';
import { MailServer } from '../support/mail-server';
import { TestSystem, waitFor, type ApiClient, type TestUser } from '../support/system';

jest.setTimeout(60_000);

const PASSWORD = 'correct horse battery staple';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const SCANNER = { 'user-agent': 'Mozilla/5.0 (compatible; SafeLinksBot/1.0)', accept: 'text/html,*/*' };
const DAY_MS = 24 * 60 * 60 * 1000;

/** Every mail that there is: each has its file. */
const TEMPLATES = readdirSync(join(__dirname, '../../libs/features/notifications/templates'))
  .map((name) => /^([a-z-]+)\.ts$/.exec(name)?.[1])
  .filter((name) => name !== undefined && !/^(letter|letter-style|mail-template|text)$/.test(name));

const HOSTILE = `<img src=x onerror=alert(1)>{{7*7}}\${7*7}<%= 7*7 %>"'><script>alert(2)</script>\r\nBcc: all@example.org\r\n\r\n<b>x</b>`;
/** Of a file there is less to choose: a name ends with its type, and has no control characters. */
const HOSTILE_NAME = `<img src=x onerror=alert(1)>{{7*7}}"'><svg onload=alert(2)>.docx`;

let mails: MailServer;
let system: TestSystem;
let ops: ApiClient & { user: TestUser };
let client: TestUser;
let shareUrl: string;

const newcomer = `new-${randomUUID()}@example.org`;
const invited = `invited-${randomUUID()}@example.org`;

beforeAll(async () => {
  mails = await MailServer.start();
  system = await TestSystem.start({ env: { SMTP_URL: mails.url } });
  ops = await system.client('ops');
  client = await system.createUser('client');
  await system.query('UPDATE users SET full_name = $1', [HOSTILE]);

  const anonymous = system.anonymous();
  const signup = { email: newcomer, password: PASSWORD, fullName: HOSTILE };
  expect((await anonymous.post('/api/auth/signup', signup)).status).toBe(201);
  await anonymous.post('/api/auth/password/forgot', { email: client.email });
  await ops.post('/api/auth/invitations', { email: invited, role: 'client' });
  const { fileId } = await ops.uploadAndWait(genuine('report.docx'), {
    name: HOSTILE_NAME,
    fields: { title: HOSTILE, description: HOSTILE, recipients: client.email, visibility: 'restricted' },
  });
  const { body } = await ops.post(`/api/files/${fileId}/share`);
  shareUrl = new URL(body.shareUrl).pathname;
  await fetch(system.url + new URL(body.directUrl).pathname).then((answer) => answer.arrayBuffer());
  await system.query(
    `UPDATE files SET expires_at = $2, updated_at = now() - interval '9 days' WHERE id = $1`,
    [fileId, new Date(Date.now() + DAY_MS * 0.8)],
  );
  await waitFor('every mail', async () => {
    const rows = await system.query(`SELECT DISTINCT template FROM mails WHERE status = 'sent'`);
    return rows.length >= TEMPLATES.length;
  });
});
afterAll(async () => {
  await system?.stop();
  await mails?.stop();
});

/** Everywhere that a mail could make a program look. */
function linksOf(mail: Email): string[] {
  const found = [mail.text ?? '', mail.html ?? '', ...mail.headers.map(({ value }) => value)].flatMap(
    (part) => [...part.matchAll(/https?:\/\/[^\s"'<>)]+/g)],
  );
  return [...new Set(found.map(([url]) => url))];
}

/** All that a link could change. */
const state = (): Promise<unknown> =>
  Promise.all(
    [
      'users',
      'sessions',
      'one_time_tokens',
      'invitations',
      'files',
      'file_grants',
      'shares',
      'deliveries',
      'api_keys',
      'webhooks',
      'muted_mails',
      'mails',
      'events',
    ].map((table) => system.query(`SELECT it::text FROM "${table}" it ORDER BY it::text`)),
  );

it('every mail that there is was sent', async () => {
  const rows = await system.query(
    `SELECT DISTINCT template FROM mails WHERE status = 'sent' ORDER BY template`,
  );
  expect(rows.map(({ template }: { template: string }) => template)).toEqual(TEMPLATES.toSorted());
});

it('A05 a scanner that follows every link of every mail, again and again, changes nothing; the person’s click then works', async () => {
  const links = mails.mails.flatMap(linksOf);
  const unsubscriptions = links.filter((link) => link.includes('/unsubscribe/'));
  expect(links.length).toBeGreaterThan(TEMPLATES.length);
  expect(unsubscriptions.length).toBeGreaterThanOrEqual(3);
  const before = await state();
  for (const link of links) {
    const { pathname, search } = new URL(link);
    for (const method of ['HEAD', 'GET', 'GET', 'OPTIONS']) {
      const answer = await fetch(system.url + pathname + search, {
        method,
        headers: SCANNER,
        redirect: 'manual',
      });
      expect([link, answer.status < 500]).toEqual([link, true]);
    }
  }
  expect(await state()).toEqual(before);

  const click = (link: string, body = ''): Promise<Response> =>
    fetch(system.url + new URL(link).pathname, { method: 'POST', headers: FORM, body });
  const [confirmation] = links.filter((link) => link.includes('/auth/confirm/'));
  expect((await click(confirmation!)).status).toBe(200);
  expect((await system.anonymous().login(newcomer, PASSWORD)).status).toBe(200);
  expect((await click(unsubscriptions[0]!, 'List-Unsubscribe=One-Click')).status).toBe(200);
  expect(await system.query('SELECT template FROM muted_mails')).toHaveLength(1);
});

describe('W02', () => {
  it('W02 names in mails are text, and add no header', () => {
    for (const mail of mails.mails) {
      expect(mail.headers.map(({ key }) => key)).not.toContain('bcc');
      expect(mail.to).toHaveLength(1);
      expect(mail.recipients).toHaveLength(1);
      expect(mail.html).not.toMatch(/<(img|svg|script|b)\b/i);
      expect(`${mail.subject} ${mail.text} ${mail.html}`).not.toMatch(/\b49\b/);
      expect(mail.text).not.toMatch(/^Bcc:/m);
    }
    const told = mails.mails.filter(({ html = '' }) => html.includes('&lt;img src=x onerror=alert(1)&gt;'));
    expect(told.length).toBeGreaterThanOrEqual(3); // Granted, downloaded, expiring: it is said, and is text.
  });

  it('W02 names are text on the page of a share, in answers, and where a search marks them', async () => {
    const page = await fetch(system.url + shareUrl, { headers: { accept: 'text/html' } });
    const text = await page.text();
    expect(page.status).toBe(200);
    expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(text).not.toMatch(/<(img|script)\b|<svg onload/i);
    expect(text).not.toMatch(/\b49\b/);

    const key = await ops.post('/api/auth/api-keys', { name: HOSTILE, scopes: ['files:read'] });
    expect([201, 400]).toContain(key.status);
    for (const path of [
      '/api/files/search?q=img',
      '/api/files',
      '/api/auth/api-keys',
      '/api/events',
      '/api/upload',
    ]) {
      const answer = await ops.get(path);
      expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
        path,
        200,
        expect.stringContaining('application/json'),
      ]);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    }
    const { body } = await ops.get('/api/files/search?q=onerror');
    for (const { html } of body.items.flatMap(({ highlight }: any) => highlight)) {
      expect(html.replace(/<\/?mark>/g, '')).not.toMatch(/[<>]/);
    }
    expect(body.items.length).toBeGreaterThan(0);
  });

  const browser = browserPath();
  (browser === null ? it.skip : it)(
    'W02 a browser that shows the mails and the page runs nothing of it',
    async () => {
      const chromium = await launchBrowser(browser!);
      try {
        const page = await chromium.newPage();
        const happened: string[] = [];
        page.on('dialog', (dialog) => {
          happened.push(dialog.message());
          void dialog.dismiss();
        });
        page.on('request', (request) => {
          if (!request.url().startsWith(system.url)) happened.push(request.url());
        });
        for (const { html } of mails.mails) await page.setContent(html!);
        await page.goto(system.url + shareUrl);
        expect(await page.locator('img[src=x], svg[onload], script').count()).toBe(0);
        expect(happened.filter((each) => !each.startsWith('about:'))).toEqual([]);
      } finally {
        await chromium.close();
      }
    },
  );
});
