import { randomUUID } from 'node:crypto';
import { setInterval as every } from 'node:timers/promises';
import { largeDocument } from '../fixtures/documents';
import { rawRequest, type RawAnswer } from '../support/raw-request';
import { share } from '../support/shares';
import { ApiClient, TestSystem, type TestUser } from '../support/system';

jest.setTimeout(60_000);

const FLOOD = 300;

function logIn(
  baseUrl: string,
  { email, password }: { email: string; password: string },
): Promise<RawAnswer> {
  const headers = { 'content-type': 'application/json' };
  return rawRequest(baseUrl, 'POST', '/api/auth/login', {
    headers,
    body: JSON.stringify({ email, password }),
  });
}

/** What as many requests take on a machine of our own that are refused for their bodies, before anything is done. */
const CROWD_MS = 500;
/** A few guesses, so few that nobody loses patience on a slow machine, and what it takes there to check their passwords. */
const GUESSES = 16;
const GUESSES_MS = 250;

/** How many times slower than it should be a machine is that others use, too, at what a flood asks of it: 1 on one that is ours. */
async function slownessOf(url: string): Promise<number> {
  const nobodies = Array.from({ length: FLOOD }, () => ({ email: 'nobody', password: '' }));
  const guesses = Array.from({ length: GUESSES }, () => wrong());
  return Math.max(
    1,
    (await timeOf(url, nobodies, 400)) / CROWD_MS,
    (await timeOf(url, guesses, 401)) / GUESSES_MS,
  );
}

async function timeOf(
  url: string,
  logins: { email: string; password: string }[],
  as: number,
): Promise<number> {
  const began = performance.now();
  const answers = await Promise.all(logins.map((login) => logIn(url, login)));
  for (const { status } of answers) expect(status).toBe(as);
  return performance.now() - began;
}

function unlock(baseUrl: string, path: string): Promise<RawAnswer> {
  const headers = { 'content-type': 'application/json' };
  return rawRequest(baseUrl, 'POST', `${path}/unlock`, { headers, body: '{"password":"wrong password"}' });
}

const wrong = (email = `nobody-${randomUUID()}@example.org`) => ({ email, password: 'wrong password' });

describe('A14 a flood of wrong passwords', () => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await TestSystem.start();
  }, 60_000);
  afterAll(() => system?.stop(), 30_000);

  /** Somebody whose password is hashed as the product hashes it. */
  async function signedUp(): Promise<{ email: string; password: string }> {
    const account = { email: `ada-${randomUUID()}@example.org`, password: 'correct horse battery staple' };
    const { status, body } = await system.anonymous().post('/api/auth/signup', account);
    expect(status).toBe(201);
    await system.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [body.id]);
    return account;
  }

  /** Where as many shares are that have a password. */
  async function severalShares(count: number): Promise<string[]> {
    const owner = await system.client('ops');
    const { fileId } = await owner.uploadAndWait(Buffer.concat([...largeDocument(20_000)]));
    const paths: string[] = [];
    for (let n = 0; n < count; n++) paths.push((await share(owner, fileId, { password: 'blue heron' })).path);
    return paths;
  }

  /** At most so much of the time that the flood takes; one at a single account is over too soon to tell. */
  it.each<[string, number, (index: number, victim: TestUser) => string | undefined, boolean]>([
    ['one account', Infinity, (_index, victim) => victim.email, false],
    [
      'one account and many that are none',
      0.8,
      (index, victim) => (index % 2 ? victim.email : undefined),
      false,
    ],
    ['many that are none', 0.8, () => undefined, false],
    ['many that are none, and at shares', 0.8, () => undefined, true],
  ])(
    'A14 guesses at %s cost little memory, and who knows his password comes in',
    async (_name, part, guessedAt, atShares) => {
      const user = await signedUp();
      const victim = await system.createUser('client');
      const api = system.apis[0]!;
      expect((await logIn(system.url, user)).status).toBe(200); // Warm: what is loaded once is no growth.
      const shared = atShares ? await severalShares(FLOOD / 10) : [];
      const slowness = await slownessOf(system.url);
      const before = api.memory().current;

      let over = false;
      const floodBegan = performance.now();
      const flood = Promise.all(
        Array.from({ length: FLOOD }, (_, index) => [
          logIn(system.url, wrong(guessedAt(index, victim))),
          ...shared.slice(0, 1).map(() => unlock(system.url, shared[index % shared.length]!)),
        ]).flat(),
      ).finally(() => (over = true));
      const health = (async () => {
        const took: number[] = [];
        for await (const _ of every(20)) {
          const began = performance.now();
          expect((await new ApiClient(system.url).get('/api/health/live')).status).toBe(200);
          took.push(performance.now() - began);
          if (over) break;
        }
        return took.sort((a, b) => a - b);
      })();
      const began = performance.now();
      const legit = await logIn(system.url, user);
      const legitTook = performance.now() - began;
      expect(legit.status).toBe(200);
      expect(legitTook).toBeLessThan(3_000 * slowness);

      const answers = await flood;
      for (const { status, headers } of answers) {
        expect([401, 429, 503]).toContain(status);
        if (status !== 401) expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      }
      expect(answers.some(({ status }) => status === 401)).toBe(true);
      // Somebody's login is not behind the whole flood in a queue.
      expect(legitTook).toBeLessThan((performance.now() - floodBegan) * part);
      const took = await health;
      expect(took[Math.floor(took.length * 0.95)]).toBeLessThan(1_000 * slowness);
      expect(api.memory().peak - before).toBeLessThan(400 * 1024 * 1024);
      expect(api.crashed).toBe(false);
    },
  );
});
