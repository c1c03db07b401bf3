import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { genuine } from '../fixtures/documents';
import { linkIn, MailServer } from '../support/mail-server';
import { rawRequest, type RawAnswer, type RawRequest } from '../support/raw-request';
import { ApiClient, assertInvariants, TestSystem, type TestUser } from '../support/system';

jest.setTimeout(60_000);

const { paths } = JSON.parse(readFileSync(join(__dirname, '../../openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, unknown>>;
};
const APP = 'https://app.example.com';
const PASSWORD = 'correct horse battery staple';
const JSON_TYPE = { 'content-type': 'application/json' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

let system: TestSystem;
let mails: MailServer;
let ops: ApiClient & { user: TestUser };
let bearer: { authorization: string };
let fileId: string;
let link: string;

beforeAll(async () => {
  mails = await MailServer.start();
  system = await TestSystem.start({ env: { SMTP_URL: mails.url, CORS_ORIGINS: APP } });
  ops = await system.client('ops');
  bearer = { authorization: `Bearer ${ops.token}` };
  ({ fileId } = await ops.uploadAndWait(genuine('report.docx')));
  link = await ops.downloadLink(fileId);
}, 60_000);
afterAll(async () => {
  await system?.stop();
  await mails?.stop();
}, 30_000);

const raw = (method: string, path: string, request: RawRequest = {}): Promise<RawAnswer> =>
  rawRequest(system.url, method, path, request);
const newAddress = (): string => `ada-${randomUUID()}@example.com`;

/** Everything that a request may change, as one text. */
async function state(): Promise<unknown> {
  const texts = ['users', 'files', 'uploads', 'file_grants', 'api_keys', 'sessions', 'invitations', 'mails'];
  return Promise.all(
    texts.map((table) => system.query(`SELECT it::text FROM "${table}" it ORDER BY it::text`)),
  );
}

describe('W01', () => {
  const answers: [name: string, status: number, ask: () => Promise<RawAnswer>][] = [
    ['JSON', 200, () => raw('GET', '/api/files', { headers: bearer })],
    ['what was made', 201, () => raw('POST', `/api/files/${fileId}/download-link`, { headers: bearer })],
    ['nothing', 304, () => raw('GET', link, { headers: { 'if-none-match': '*' } })],
    ['a bad request', 400, () => raw('POST', '/api/auth/login', { headers: JSON_TYPE, body: '{' })],
    ['no credential', 401, () => raw('GET', '/api/files')],
    ['not allowed', 403, () => raw('GET', '/api/users', { headers: bearer })],
    ['nothing there', 404, () => raw('GET', `/api/files/${randomUUID()}`, { headers: bearer })],
    ['no route', 404, () => raw('GET', '/api/nothing')],
    ['no route outside of the API', 404, () => raw('GET', '/nothing')],
    ['the root', 404, () => raw('GET', '/')],
    ['another method', 405, () => raw('PUT', '/api/files')],
    [
      'another type',
      415,
      () => raw('POST', '/api/auth/login', { headers: { 'content-type': 'text/plain' }, body: 'x' }),
    ],
    ['a bad range', 416, () => raw('GET', link, { headers: { range: 'bytes=9999999999-' } })],
    ['a bad escape', 400, () => raw('GET', '/api/auth/confirm/%ff')],
    [
      'a head that is too large',
      431,
      () => raw('GET', '/api/files', { headers: { 'x-large': 'x'.repeat(100_000) } }),
    ],
    ['a download', 200, () => raw('GET', link)],
    ['a part of a download', 206, () => raw('GET', link, { headers: { range: 'bytes=0-9' } })],
    ['a download’s head', 200, () => raw('HEAD', link)],
    ['the owner’s bytes', 200, () => raw('GET', `/api/files/${fileId}/content`, { headers: bearer })],
    ['a page', 200, () => raw('GET', `/api/auth/confirm/${randomUUID()}`)],
    [
      'a page that refuses',
      400,
      () => raw('POST', `/api/auth/confirm/${randomUUID()}`, { headers: FORM, body: '' }),
    ],
    ['the docs', 200, () => raw('GET', '/api/docs')],
    ['the docs’ script', 200, () => raw('GET', '/api/docs/swagger-ui-bundle.js')],
    ['the document', 200, () => raw('GET', '/api/docs-json')],
    ['a problem’s page', 200, () => raw('GET', '/api/problems/not-found')],
    ['what the server can', 204, () => raw('OPTIONS', '/api/files')],
    [
      'a preflight',
      204,
      () =>
        raw('OPTIONS', '/api/files', { headers: { origin: APP, 'access-control-request-method': 'GET' } }),
    ],
    ['health', 200, () => raw('GET', '/api/health/live')],
  ];

  function expectSecured({ headers }: RawAnswer): void {
    expect(headers['strict-transport-security']).toMatch(/^max-age=\d{8}/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['cross-origin-opener-policy']).toBe('same-origin');
    expect(headers['cross-origin-resource-policy']).toBe('same-origin');
    const policy = headers['content-security-policy'];
    expect(policy).toContain("default-src 'none'");
    for (const each of ['object-src', 'base-uri', 'frame-ancestors'])
      expect(policy).toContain(`${each} 'none'`);
    expect(policy).not.toMatch(/script-src[^;]*'unsafe/);
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers.server).toBeUndefined();
    expect(headers['set-cookie']).toBeUndefined();
  }

  it.each(answers)('W01 %s (%i)', async (_name, status, ask) => {
    const answer = await ask();
    expect(answer.status).toBe(status);
    expectSecured(answer);
    if (status >= 400) {
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.text).not.toMatch(/node_modules|\.js:\d|Express|Error:/);
    }
  });

  it('W01 nothing that is or leads to a secret is kept by a cache', async () => {
    const secrets = [
      await raw('POST', '/api/auth/login', {
        headers: JSON_TYPE,
        body: JSON.stringify({ email: ops.user.email, password: ops.user.password }),
      }),
      await raw('POST', `/api/files/${fileId}/download-link`, { headers: bearer }),
      await raw('POST', '/api/auth/api-keys', {
        headers: { ...bearer, ...JSON_TYPE },
        body: JSON.stringify({ name: 'integration', scopes: ['files:read'] }),
      }),
      await raw('GET', '/api/files?include=downloadUrl', { headers: bearer }),
      await raw('GET', '/api/auth/me', { headers: bearer }),
      await raw('GET', `/api/auth/confirm/${randomUUID()}`),
      await raw('GET', `/api/auth/password/reset/${randomUUID()}`),
    ];
    for (const { status, headers } of secrets) {
      expect(status).toBeLessThan(300);
      expect(headers['cache-control']).toContain('no-store');
    }
  });

  it('W01 an answer of 429', async () => {
    const limited = await system.startApi(1, { RATE_LIMIT_SCALE: '0.01' });
    const refused = await Promise.all(
      Array.from({ length: 5 }, () =>
        rawRequest(system.urls[1]!, 'GET', `/api/auth/confirm/${randomUUID()}`),
      ),
    );
    const answer = refused.find(({ status }) => status === 429);
    expectSecured(answer!);
    await limited.stop();
  });

  it('W01 an answer of 500, which says no more than its id', async () => {
    await system.query('ALTER TABLE files RENAME TO hidden_files');
    try {
      const answer = await raw('GET', '/api/files', { headers: bearer });
      expect(answer.status).toBe(500);
      expectSecured(answer);
      expect(answer.text).not.toMatch(/hidden_files|relation|SELECT|stack/);
    } finally {
      await system.query('ALTER TABLE hidden_files RENAME TO files');
    }
  });
});

describe('W02', () => {
  const NAMES = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    '{{constructor.constructor("alert(1)")()}} ${7*7} <%= 7*7 %>',
    'Ada\r\nBcc: all@example.com\r\n\r\n<b>x</b>',
    '=HYPERLINK("https://evil.example")',
  ];

  it.each(NAMES)('W02 a person called %j is mailed as text', async (fullName) => {
    const email = newAddress();
    const answer = await system.anonymous().post('/api/auth/signup', { email, password: PASSWORD, fullName });
    expect(answer.status).toBe(201);
    const mail = (await mails.to(email))[0]!;
    const headers = mail.headers.map(({ key }) => key);
    expect(headers).not.toContain('bcc');
    expect(mail.to?.map(({ address }) => address)).toEqual([email]);
    expect(mail.html).not.toMatch(/<script|<img|<b>|onerror=[^&]*>/i);
    expect(mail.html).not.toContain(' 49 ');
    expect(linkIn(mail).origin).toBe(new URL(system.env.PUBLIC_URL!).origin);
  });

  it.each(NAMES)('W02 a page that %j was written into says it as text, or not at all', async (name) => {
    const body = new URLSearchParams({ token: name, password: PASSWORD }).toString();
    const answers = [
      await raw('POST', '/api/auth/password/reset', { headers: FORM, body }),
      await raw('POST', '/api/auth/password/reset', {
        headers: FORM,
        body: new URLSearchParams({ token: name, password: 'x' }).toString(),
      }),
      await raw('GET', `/api/auth/password/reset/${encodeURIComponent(name)}`),
      await raw('GET', `/api/auth/confirm/${encodeURIComponent(name)}`),
      await raw('GET', `/api/auth/invitations/${encodeURIComponent(name)}`),
    ];
    for (const { status, text } of answers) {
      expect([200, 400]).toContain(status);
      expect(text).not.toMatch(/<script|<img|<b>x/i);
    }
  });
});

describe('W03', () => {
  const mutating = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => method !== 'get')
      .map((method) => [method.toUpperCase(), path] as const),
  );
  const posts = mutating.filter(([method]) => method === 'POST');
  const boundary = '----evil';
  const payload = { email: 'victim@example.com', password: PASSWORD, name: 'x', role: 'admin', token: 'x' };
  const multipart = Object.entries(payload)
    .map(
      ([name, value]) =>
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    )
    .join('');
  /** What a page of another site can make a browser send without asking first (Fetch standard, 2.2.2). */
  const simple: [type: string, body: string][] = [
    ['text/plain', JSON.stringify(payload)],
    ['text/plain;application/json', JSON.stringify(payload)],
    ['application/x-www-form-urlencoded', new URLSearchParams(payload).toString()],
    [`multipart/form-data; boundary=${boundary}`, `${multipart}--${boundary}--\r\n`],
    ['', JSON.stringify(payload)],
  ];
  const foreign = {
    origin: 'https://evil.example',
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'no-cors',
  };

  it.each(posts.flatMap(([, path]) => simple.map(([type, body]) => [path, type, body] as const)))(
    'W03 POST %s from another site, as "%s", changes nothing',
    async (path, type, body) => {
      const target = path.replace(/\{id\}|\{uploadId\}/, fileId).replace('{token}', randomUUID());
      const before = await state();
      const cookies = ['token', 'access_token', 'accessToken', 'jwt', 'Authorization', 'session'].map(
        (name) => `${name}=${ops.token}`,
      );
      const headers = { ...foreign, cookie: cookies.join('; '), ...(type && { 'content-type': type }) };
      const answer = await raw('POST', target, { headers, body });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      expect(await state()).toEqual(before);
    },
  );

  it.each(mutating)('W03 no GET does what %s %s does', async (method, path) => {
    const before = await state();
    const target = path.replace(/\{[^}]+\}/, fileId);
    const query = new URLSearchParams({ ...payload, _method: method }).toString();
    await raw('GET', `${target}?${query}`, { headers: bearer });
    await raw('HEAD', `${target}?${query}`, { headers: bearer });
    expect(await state()).toEqual(before);
  });

  it('W03 the forms of the pages work where they stand, and only there', async () => {
    const anonymous = system.anonymous();
    const [signedUp, invited] = [newAddress(), newAddress()];
    await anonymous.post('/api/auth/signup', { email: signedUp, password: PASSWORD });
    await ops.post('/api/auth/invitations', { email: invited, role: 'client' });
    await anonymous.post('/api/auth/password/forgot', { email: ops.user.email });
    const fields: Record<string, string> = { password: 'another horse, another staple' };
    for (const email of [signedUp, invited, ops.user.email]) {
      const { pathname } = linkIn((await mails.to(email))[0]!);
      const page = await raw('GET', pathname);
      expect(page.status).toBe(200);
      expect(page.headers['content-security-policy']).toContain("form-action 'self'");
      const form = /<form[^>]*>/.exec(page.text)![0];
      expect(form).toMatch(/method="post"/i);
      const action = /action="([^"]*)"/.exec(form)?.[1];
      const target = new URL(action ?? pathname, `${system.url}${pathname}`);
      expect(target.origin).toBe(system.url);
      const hidden = [...page.text.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]) => [
        /name="([^"]*)"/.exec(input)![1]!,
        /value="([^"]*)"/.exec(input)![1]!,
      ]);
      const asked = /name="password"/.test(page.text) ? fields : {};
      const body = new URLSearchParams({ ...Object.fromEntries(hidden), ...asked }).toString();
      const headers = { ...FORM, origin: system.url, 'sec-fetch-site': 'same-origin' };
      const answer = await raw('POST', target.pathname, { headers, body });
      expect(answer.status).toBeLessThan(300);
      expect(answer.headers['content-type']).toContain('text/html');
    }
    expect((await anonymous.login(signedUp, PASSWORD)).status).toBe(200);
    expect((await anonymous.login(invited, fields.password!)).status).toBe(200);
    expect((await ops.login(ops.user.email, fields.password!)).status).toBe(200);
    bearer = { authorization: `Bearer ${ops.token}` };
  });
});

describe('W04', () => {
  const preflight = {
    'access-control-request-method': 'PATCH',
    'access-control-request-headers': 'authorization',
  };
  const asks: [name: string, ask: (origin: string) => Promise<RawAnswer>][] = [
    ['a request', (origin) => raw('GET', '/api/files', { headers: { ...bearer, origin } })],
    ['a refused request', (origin) => raw('GET', '/api/files', { headers: { origin } })],
    ['a preflight', (origin) => raw('OPTIONS', '/api/files', { headers: { ...preflight, origin } })],
    ['a download', (origin) => raw('GET', link, { headers: { origin } })],
    ['no route', (origin) => raw('GET', '/api/nothing', { headers: { origin } })],
  ];
  const strangers = [
    'https://evil.example',
    'null',
    'https://app.example.com.evil.io',
    'https://evil-app.example.com',
    'https://app.example.com@evil.io',
    'https://app.example.com:8443',
    'http://app.example.com',
    'https://app.example.com/',
    'https://app.example.com evil',
    'file://',
    '*',
    '',
  ];

  it.each(asks.flatMap(([name, ask]) => strangers.map((origin) => [name, origin, ask] as const)))(
    'W04 %s from %j is for no script of that origin',
    async (_name, origin, ask) => {
      const { headers } = await ask(origin);
      for (const name of Object.keys(headers)) expect(name).not.toMatch(/^access-control-/);
      expect(headers.vary).toMatch(/\bOrigin\b/);
    },
  );

  it.each(asks)('W04 %s from the origin that is allowed', async (name, ask) => {
    const { headers } = await ask(APP);
    expect(headers['access-control-allow-origin']).toBe(APP);
    expect(headers['access-control-allow-credentials']).toBeUndefined();
    expect(headers.vary).toMatch(/\bOrigin\b/);
    const told =
      headers[name === 'a preflight' ? 'access-control-allow-headers' : 'access-control-expose-headers'];
    for (const each of ['Tus-Resumable', 'Upload-Offset', 'Upload-Length']) expect(told).toContain(each);
  });
});

it('all this leaves nothing behind', () => assertInvariants(system));
