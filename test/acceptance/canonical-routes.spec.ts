import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { genuine } from '../fixtures/documents';
import { rawRequest, type RawAnswer, type RawRequest } from '../support/raw-request';
import { ApiClient, assertInvariants, TestSystem, type TestUser } from '../support/system';
import { ACCESS } from './access-table';

jest.setTimeout(60_000);

const JSON_TYPE = { 'content-type': 'application/json' };

let system: TestSystem;
let owner: ApiClient & { user: TestUser };
let stranger: ApiClient & { user: TestUser };
let fileId: string;

beforeAll(async () => {
  system = await TestSystem.start();
  [owner, stranger] = await Promise.all([system.client('ops'), system.client('client')]);
  ({ fileId } = await owner.uploadAndWait(genuine('report.docx'), { fields: { visibility: 'private' } }));
}, 60_000);
afterAll(() => system?.stop(), 30_000);

const raw = (method: string, path: string, request: RawRequest = {}): Promise<RawAnswer> =>
  rawRequest(system.url, method, path, request);
const bearer = ({ token }: ApiClient) => ({ authorization: `Bearer ${token}` });
const files = () =>
  system.query('SELECT id, status, visibility, revision, deleted_at FROM files ORDER BY id');

/** Other ways to write an address, which some routers and proxies take for the same, and some do not. */
const SPELLINGS: [name: string, spell: (path: string) => string][] = [
  ['a slash behind', (path) => `${path}/`],
  ['two slashes behind', (path) => `${path}//`],
  ['two slashes in front', (path) => `/${path}`],
  ['two slashes within', (path) => path.replace('/api/', '/api//')],
  ['an escaped letter', (path) => path.replace('/api/', '/%61pi/')],
  [
    'an escaped letter of the last part',
    (path) => path.replace(/.$/, (last) => `%${last.charCodeAt(0).toString(16)}`),
  ],
  ['an escaped slash', (path) => path.replace('/api/', '/api%2f')],
  ['an escaped slash behind', (path) => `${path}%2f`],
  ['capitals', (path) => path.toUpperCase()],
  ['a capital', (path) => path.replace('/api/', '/Api/')],
  ['a path parameter', (path) => `${path};x`],
  ['a path parameter within', (path) => path.replace('/api/', '/api;x/')],
  ['a dot', (path) => path.replace('/api/', '/api/./')],
  ['two dots', (path) => path.replace('/api/', '/api/health/../')],
  ['escaped dots', (path) => path.replace('/api/', '/api/health/%2e%2e/')],
  ['dots behind a public route', (path) => `/api/health/live/../..${path.slice(4)}`],
  ['a backslash', (path) => path.replace('/api/', '/api\\')],
  ['a NUL', (path) => `${path}%00`],
  ['an extension', (path) => `${path}.json`],
  ['a blank', (path) => `${path}%20`],
];

const OVERRIDES: [name: string, query: string, headers: Record<string, string>][] = [
  ['?_method', '?_method=DELETE', {}],
  ['X-HTTP-Method-Override', '', { 'x-http-method-override': 'DELETE' }],
  ['X-HTTP-Method', '', { 'x-http-method': 'DELETE' }],
  ['X-Method-Override', '', { 'x-method-override': 'DELETE' }],
  ['X-Original-URL', '', { 'x-original-url': '/api/health/live' }],
  ['X-Rewrite-URL', '', { 'x-rewrite-url': '/api/health/live' }],
  ['X-Forwarded-Prefix', '', { 'x-forwarded-prefix': '/api/health/live' }],
];

const guarded = Object.entries(ACCESS)
  .filter(([, { audience }]) => audience !== 'everybody')
  .map(([row]) => row.split(' ') as [method: string, path: string]);

describe('W08', () => {
  it.each(SPELLINGS)('W08 %s opens no guarded route to anybody', async (_name, spell) => {
    const before = await files();
    const opened: string[] = [];
    for (const [method, path] of guarded) {
      const { status, text } = await raw(method, spell(path.replace(/\{[^}]+\}/, fileId)));
      if (![400, 401, 404, 405].includes(status)) opened.push(`${status} ${method} ${path}`);
      expect(text).not.toContain(owner.user.email);
    }
    expect(opened).toEqual([]);
    expect(await files()).toEqual(before);
  });

  it.each(SPELLINGS)('W08 %s gives nobody another’s file', async (_name, spell) => {
    const before = await files();
    for (const [method, path] of [
      ['GET', `/api/files/${fileId}`],
      ['GET', `/api/files/${fileId}/content`],
      ['DELETE', `/api/files/${fileId}`],
      ['GET', '/api/users'],
    ] as const) {
      const answer = await raw(method, spell(path), { headers: bearer(stranger) });
      expect([400, 403, 404, 405]).toContain(answer.status);
    }
    expect(await files()).toEqual(before);
  });

  it.each(OVERRIDES)('W08 %s changes neither method nor address', async (_name, query, headers) => {
    const before = await files();
    const path = `/api/files/${fileId}`;
    for (const method of ['GET', 'POST']) {
      const plain = await raw(method, path, { headers: bearer(owner) });
      const other = await raw(method, path + query, { headers: { ...bearer(owner), ...headers } });
      expect(other.status).toBe(plain.status);
      expect((await raw(method, path + query, { headers })).status).toBe(method === 'GET' ? 401 : 405);
    }
    expect(await files()).toEqual(before);
  });

  it('W08 HEAD is decided as GET is, wherever there is one', async () => {
    for (const row of Object.keys(ACCESS).filter((each) => each.startsWith('GET '))) {
      const path = row.slice(4).replace(/\{[^}]+\}/, fileId);
      for (const headers of [{}, bearer(stranger)]) {
        const [got, head] = [await raw('GET', path, { headers }), await raw('HEAD', path, { headers })];
        expect([path, head.status, head.text]).toEqual([path, got.status, '']);
        expect(head.headers['content-type']).toBe(got.headers['content-type']);
      }
    }
  });

  it.each([
    [
      'h2c by upgrade',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
    ],
    [
      'a websocket',
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n',
    ],
  ])('W08 %s is decided as the plain request is', async (_name, lines) => {
    const text = await speak(`GET /api/files/${fileId} HTTP/1.1\r\nHost: x\r\n${lines}\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 (400|401|404) /);
    expect(text).not.toContain(' 101 ');
  });

  it('W08 HTTP/2 with prior knowledge is not spoken', async () => {
    const text = await speak('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    expect(text === '' || /^HTTP\/1\.1 4\d\d /.test(text)).toBe(true);
  });

  /** What the server says to these bytes, until it or they are done. */
  async function speak(bytes: string): Promise<string> {
    const { hostname, port } = new URL(system.url);
    const socket = connect(Number(port), hostname);
    socket.end(bytes);
    return (await buffer(socket)).toString('latin1');
  }
});

describe('R06', () => {
  const NAMES = [
    '__proto__',
    'constructor',
    'prototype',
    'constructor.prototype',
    '__proto__[polluted]',
    'constructor[prototype][polluted]',
  ];
  const bodies = [
    '"__proto__":{"polluted":"yes","role":"admin"}',
    '"constructor":{"prototype":{"polluted":"yes","role":"admin"}}',
    '"\\u005f_proto__":{"polluted":"yes"}',
    '"__proto__.polluted":"yes"',
    '"tags":[{"__proto__":{"polluted":"yes"}}]',
  ];

  /** Were a prototype polluted, these would show it. */
  async function expectSound(): Promise<void> {
    const { body } = await stranger.get('/api/auth/me');
    expect(body.role).toBe('client');
    expect(JSON.stringify(body)).not.toContain('polluted');
    expect((await stranger.get('/api/users')).status).toBe(403);
    expect((await stranger.upload(genuine('report.docx'))).status).toBe(403);
    expect((await system.anonymous().get('/api/health/ready')).status).toBe(200);
  }

  it.each(bodies)('R06 {%s} in a body is refused wherever there is one', async (extra) => {
    for (const [method, path, rest, who] of [
      [
        'POST',
        '/api/auth/signup',
        `"email":"${randomUUID()}@example.com","password":"correct horse battery"`,
        null,
      ],
      [
        'POST',
        '/api/auth/login',
        `"email":"${stranger.user.email}","password":"${stranger.user.password}"`,
        null,
      ],
      ['PATCH', `/api/files/${fileId}`, '"title":"x"', owner],
      ['POST', `/api/files/${fileId}/download-link`, '"expiresInSeconds":60', owner],
      ['POST', '/api/auth/api-keys', '"name":"x","scopes":["files:read"]', owner],
    ] as const) {
      const headers = { ...JSON_TYPE, ...(who && bearer(who)) };
      const answer = await raw(method, path, { headers, body: `{${rest},${extra}}` });
      expect([path, answer.status]).toEqual([path, 400]);
    }
    await expectSound();
  });

  it.each(NAMES)('R06 ?%s is refused, or means nothing', async (name) => {
    for (const path of ['/api/files', `/api/files/${fileId}`, '/api/auth/me']) {
      const answer = await raw('GET', `${path}?${name}=x&${name}[role]=admin`, { headers: bearer(owner) });
      expect([200, 400]).toContain(answer.status);
      expect(answer.text).not.toContain('"polluted"');
    }
    await expectSound();
  });

  it.each(NAMES)('R06 a part named %s is refused, or means nothing', async (name) => {
    const answer = await owner.upload(genuine('report.docx'), {
      fields: { [name]: '{"polluted":"by a part"}' },
    });
    expect([201, 400]).toContain(answer.status);
    expect(answer.bytes.toString()).not.toContain('by a part');
    await expectSound();
  });

  it.each(NAMES)('R06 a file named %s is a file', async (name) => {
    const { status, body } = await owner.upload(genuine('report.docx'), { name: `${name}.docx` });
    expect([status, body.fileName]).toEqual([201, `${name}.docx`]);
    await owner.waitForStatus(body.uploadId, 'completed');
    await expectSound();
  });

  it('R06 all this leaves nothing behind', () => assertInvariants(system));
});
