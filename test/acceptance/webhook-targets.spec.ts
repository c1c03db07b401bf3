import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { ApiApp } from '../support/api-app';
import { createPerson, type Person } from '../support/files';
import type { Answer } from '../support/system/api-client';

jest.setTimeout(60_000);

let api: ApiApp;
let ops: Person;
let canary: Server;
let port: number;
let connections = 0;
let webhook: string;

beforeAll(async () => {
  canary = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((done) => canary.listen(0, '0.0.0.0', done));
  ({ port } = canary.address() as AddressInfo);
  // As if its port were among those that webhooks may use.
  api = await ApiApp.start({ WEBHOOK_PORTS: `443,8443,${port}` });
  ops = await createPerson(api, 'ops');
  const { status, body } = await create('https://hooks.example.org/waybill');
  expect(status).toBe(201);
  webhook = body.id;
});
afterAll(async () => {
  await api.stop();
  await new Promise((done) => canary.close(done));
});

const create = (url: unknown): Promise<Answer> => ops.post('/api/webhooks', { url, events: ['*'] });
const update = (url: unknown): Promise<Answer> =>
  ops.request('PATCH', `/api/webhooks/${webhook}`, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url }),
  });

const HOSTS = [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f.1',
  '0',
  '[::]',
  '[::1]',
  '[::ffff:127.0.0.1]',
  'localhost',
  'localhost.',
  '169.254.169.254',
  '10.0.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '100.64.0.1',
  '[fd00::1]',
  '[fe80::1]',
];

describe('W06', () => {
  it.each([
    ...HOSTS.flatMap((host) => [`https://${host}/`, `https://${host}:PORT/`, `http://${host}:PORT/`]),
    'https://u:p@hooks.example.org/',
    'https://hooks.example.org:22/',
    'https://hooks.example.org:6379/',
    'https://hooks.example.org:25/',
    'http://hooks.example.org/',
    'file:///etc/passwd',
    'gopher://hooks.example.org/',
    'not a url',
    '',
  ])('W06 %s is no address for a webhook', async (pattern) => {
    const url = pattern.replace('PORT', String(port));
    for (const answer of [await create(url), await update(url)]) {
      expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
      expect(answer.body.errors[0].pointer).toBe('/url');
    }
    expect(connections).toBe(0);
  });

  it.each([null, 7, {}, ['https://hooks.example.org/']])('W06 nor is %p', async (url) => {
    expect((await create(url)).status).toBe(400);
    expect((await update(url)).status).toBe(400);
  });

  it('W06 the secret is shown once, and rests wrapped', async () => {
    const { body } = await create('https://hooks.example.org/other');
    expect(body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect((await ops.get(`/api/webhooks/${body.id}`)).body).not.toHaveProperty('secret');
    const [row] = await api.query('SELECT wrapped_dek FROM webhooks WHERE id = $1', [body.id]);
    const secret = Buffer.from(body.secret.slice('whsec_'.length), 'base64');
    expect(row.wrapped_dek.includes(secret)).toBe(false);
  });

  it('W06 there are only so many, listed page by page, and gone when deleted', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 20; n++) statuses.push((await create(`https://hooks.example.org/${n}`)).status);
    expect(statuses.slice(-2)).toEqual([409, 409]);
    const first = await ops.get('/api/webhooks?limit=15');
    const rest = await ops.get(`/api/webhooks?limit=15&cursor=${first.body.nextCursor}`);
    const ids = [...first.body.items, ...rest.body.items].map(({ id }: { id: string }) => id);
    expect(new Set(ids).size).toBe(20);
    expect(rest.body.nextCursor).toBeNull();
    expect((await ops.delete(`/api/webhooks/${ids[0]}`)).status).toBe(204);
    expect((await ops.delete(`/api/webhooks/${ids[0]}`)).status).toBe(404);
    expect((await create('https://hooks.example.org/again')).status).toBe(201);
  });
});
