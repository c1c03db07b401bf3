import { randomUUID } from 'node:crypto';
import { rawRequest, type RawAnswer } from '../support/raw-request';
import { OwnServices, TestSystem, waitFor, type ApiClient, type Answer } from '../support/system';

jest.setTimeout(60_000);

/** What API.md allows a user, or an address without one, in a minute. */
const REQUESTS = 300;
const UPLOADS = 60;
/** Windows begin with their first request, and a test may be slow: the counts of two may meet in it. */
const WINDOWS = 2;

const TIMES = 360;

let system: TestSystem;
let services: OwnServices;
let address = 1;
const own = (): string => `127.200.0.${address}`;

beforeAll(async () => {
  services = await OwnServices.start({ durable: false });
  system = await TestSystem.start({ apis: 2, services, env: { RATE_LIMIT_SCALE: '1' } });
}, 60_000);
afterAll(async () => {
  await system?.stop();
  await services?.stop();
}, 30_000);
beforeEach(() => void (address += 1));

/** So many at a time: what is proven is the count, and a crowd of connections would only measure the machine. */
const AT_ONCE = 20;

/** Sends to both instances in turn. */
async function times<T>(count: number, act: (url: string, index: number) => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  while (answers.length < count) {
    const batch = Array.from(
      { length: Math.min(AT_ONCE, count - answers.length) },
      (_, index) => answers.length + index,
    );
    answers.push(...(await Promise.all(batch.map((index) => act(system.urls[index % 2]!, index)))));
  }
  return answers;
}
const countOf = (answers: { status: number }[], status: number): number =>
  answers.filter((answer) => answer.status === status).length;
const ask = (url: string, path: string, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  rawRequest(url, 'GET', path, { headers, from: own() });

function expectRefusals(answers: RawAnswer[], policy: string): void {
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  for (const { headers, text } of refused) {
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(headers['ratelimit-policy']).toContain(policy);
    expect(headers.ratelimit).toMatch(/;r=0;t=\d+/);
    expect(JSON.parse(text)).toMatchObject({ code: 'RATE_LIMITED', status: 429 });
  }
}

/** The credentials of somebody new, and those of a key of his: his login is not behind the limit of this address. */
async function newcomer(
  role: 'ops' | 'client' = 'ops',
): Promise<ApiClient & { bearer: Record<string, string> }> {
  const user = await system.createUser(role);
  const body = JSON.stringify({ email: user.email, password: user.password });
  const headers = { 'content-type': 'application/json' };
  const from = `127.201.0.${address}`;
  const answer = await rawRequest(system.url, 'POST', '/api/auth/login', { headers, body, from });
  const token = JSON.parse(answer.text).accessToken as string;
  const client = system.anonymous();
  client.token = token;
  return Object.assign(client, { bearer: { authorization: `Bearer ${token}` } });
}

describe('A13 requests', () => {
  it('A13 of a user are counted by all instances together, his key included, and nobody else with them', async () => {
    const { bearer } = await newcomer();
    const made = await rawRequest(system.url, 'POST', '/api/auth/api-keys', {
      headers: { ...bearer, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'test', scopes: ['files:read'] }),
    });
    const key = { authorization: `Bearer ${(JSON.parse(made.text) as { key: string }).key}` };
    const answers = await times(TIMES, (url, index) => ask(url, '/api/files', index % 4 < 2 ? bearer : key));
    expect(countOf(answers, 200)).toBeGreaterThan(REQUESTS / 2);
    expect(countOf(answers, 200)).toBeLessThan(REQUESTS);
    expect(countOf(answers, 200) + countOf(answers, 429)).toBe(TIMES);
    expectRefusals(answers, '"requests";q=300;w=60');

    const other = await newcomer();
    const welcome = await ask(system.url, '/api/files', other.bearer);
    expect(welcome.status).toBe(200);
    expect(welcome.headers['ratelimit-policy']).toBe('"requests";q=300;w=60');
    expect(welcome.headers.ratelimit).toMatch(/^"requests";r=299;t=(60|5\d)$/);
  });

  it.each([
    ['without a credential', {}, 401],
    ['with a made-up token', { authorization: 'Bearer x.y.z' }, 401],
    ['with a made-up key', { authorization: `Bearer wb_${'a'.repeat(43)}` }, 401],
  ])('A13 of an address %s are counted together', async (_name, headers, status) => {
    const answers = await times(TIMES, (url) => ask(url, '/api/files', headers));
    expect(countOf(answers, status)).toBeLessThanOrEqual(REQUESTS);
    expect(countOf(answers, status)).toBeGreaterThan(REQUESTS / 2);
    expectRefusals(answers, '"requests";q=300;w=60');
    // Whoever shares the address and is somebody is counted as himself.
    const { bearer } = await newcomer();
    expect((await ask(system.url, '/api/files', bearer)).status).toBe(200);
  });

  it('A13 that are refused for the role count, too', async () => {
    const { bearer } = await newcomer('client');
    const answers = await times(TIMES, (url) => ask(url, '/api/users', bearer));
    expect(countOf(answers, 403)).toBeLessThanOrEqual(REQUESTS);
    expectRefusals(answers, '"requests";q=300;w=60');
  });

  it('A13 of a transfer under way have a budget of their own, and health none', async () => {
    const { bearer } = await newcomer();
    const path = `/api/upload/progress/${randomUUID()}`;
    const transfers = await times(TIMES, (url) => ask(url, path, bearer));
    expect(countOf(transfers, 404)).toBe(TIMES);
    expect(transfers[0]!.headers['ratelimit-policy']).toBe('"transfers";q=6000;w=60');
    expect((await ask(system.url, '/api/files', bearer)).headers.ratelimit).toContain('r=299');
    const health = await times(TIMES, (url) => ask(url, '/api/health/live'));
    expect(countOf(health, 200)).toBe(TIMES);
    expect(health[0]!.headers.ratelimit).toBeUndefined();
  });

  it('A13 that start an upload are sixty, all doors and instances together', async () => {
    const { bearer } = await newcomer();
    const start = (url: string): Promise<RawAnswer> =>
      rawRequest(url, 'POST', '/api/upload', {
        headers: { ...bearer, 'content-type': 'multipart/form-data; boundary=x' },
        body: '--x--\r\n',
        from: own(),
      });
    const answers = await times(UPLOADS + 20, start);
    expect(countOf(answers, 400)).toBe(UPLOADS);
    expectRefusals(answers, '"uploads";q=60;w=60');
    expect((await ask(system.url, '/api/files', bearer)).status).toBe(200);
  });

  it('A13 are limited by each instance when Redis is gone, soon answered, and never a failure', async () => {
    const { bearer } = await newcomer();
    await services.redis.kill9();
    try {
      const answers = await times(2 * TIMES, (url) => ask(url, '/api/files', bearer));
      expect(countOf(answers, 200) + countOf(answers, 429)).toBe(2 * TIMES);
      expect(countOf(answers, 200)).toBeLessThanOrEqual(WINDOWS * REQUESTS);
      expectRefusals(answers, '"requests";q=300;w=60');
    } finally {
      await services.redis.restart();
    }
    const again = await newcomer();
    await waitFor('the limits to be shared again', async () => {
      const one: Answer = await again.at(system.urls[0]!).get('/api/auth/me');
      const two: Answer = await again.at(system.urls[1]!).get('/api/auth/me');
      return one.status === 200 && /r=29[0-8];/.test(two.headers.get('ratelimit') ?? '');
    });
  });

  it('A13 are limited, and nobody hangs, while Redis takes connections and says nothing', async () => {
    const { bearer } = await newcomer();
    services.redis.freeze();
    try {
      const began = performance.now();
      const answers = await times(2 * TIMES, (url) => ask(url, '/api/auth/me', bearer));
      expect(countOf(answers, 200) + countOf(answers, 429)).toBe(2 * TIMES);
      expect(countOf(answers, 200)).toBeLessThanOrEqual(WINDOWS * REQUESTS);
      expect(performance.now() - began).toBeLessThan(20_000);
    } finally {
      services.redis.thaw();
    }
    expect(system.processes.filter(({ crashed }) => crashed)).toEqual([]);
  });
});
