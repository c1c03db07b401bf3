import { randomUUID } from 'node:crypto';
import { rawRequest, type RawAnswer } from '../support/raw-request';
import { OwnServices, TestSystem, type TestUser } from '../support/system';

jest.setTimeout(60_000);

const JSON_TYPE = { 'content-type': 'application/json' };
/** Allowed of one address in a minute, and failures of one account in a quarter of an hour (API.md). */
const PER_ADDRESS = 20;
const PER_ACCOUNT = 10;

interface Try {
  from?: string;
  headers?: Record<string, string>;
}

function logIn(
  baseUrl: string,
  { email, password }: { email: string; password: string },
  { from, headers = {} }: Try = {},
): Promise<RawAnswer> {
  const body = JSON.stringify({ email, password });
  return rawRequest(baseUrl, 'POST', '/api/auth/login', {
    headers: { ...JSON_TYPE, ...headers },
    body,
    from,
  });
}

const wrong = (email = `nobody-${randomUUID()}@example.org`) => ({ email, password: 'wrong password' });

/** How many were let through to where a password is looked at, and how many met the wall. */
function tally(answers: RawAnswer[]): { looked: number; refused: number } {
  for (const { status, headers } of answers) {
    expect([401, 429, 503]).toContain(status);
    if (status === 429) expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  }
  const looked = answers.filter(({ status }) => status === 401).length;
  return { looked, refused: answers.length - looked };
}

describe('A13 guessing, against two instances', () => {
  let system: TestSystem;
  let services: OwnServices;
  let user: TestUser;
  let address = 1;

  beforeAll(async () => {
    services = await OwnServices.start({ durable: false });
    system = await TestSystem.start({ apis: 2, services, env: { RATE_LIMIT_SCALE: '1' } });
  }, 60_000);
  afterAll(async () => {
    await system?.stop();
    await services?.stop();
  }, 30_000);
  beforeEach(async () => {
    user = await system.createUser('client');
    address += 1;
  });

  /** An address of this machine that only this test uses. */
  const own = (last = 1): string => `127.${100 + (address % 100)}.0.${last}`;
  const eitherOf = (index: number): string => system.urls[index % 2]!;
  const times = (count: number, act: (index: number) => Promise<RawAnswer>): Promise<RawAnswer[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => act(index)));

  it('A13 fifty from one address: the instances count together', async () => {
    const answers = await times(50, (index) => logIn(eitherOf(index), wrong(), { from: own() }));
    expect(tally(answers)).toEqual({ looked: PER_ADDRESS, refused: 50 - PER_ADDRESS });
    expect((await logIn(eitherOf(0), user, { from: own() })).status).toBe(429);
    expect((await logIn(eitherOf(1), user, { from: own(2) })).status).toBe(200);
  });

  it('A13 fifty addresses on one account: few are looked at, and its owner comes in from elsewhere', async () => {
    const answers = await times(50, (index) =>
      logIn(eitherOf(index), wrong(user.email), { from: own(index + 1) }),
    );
    expect(tally(answers)).toEqual({ looked: PER_ACCOUNT, refused: 50 - PER_ACCOUNT });
    expect((await logIn(eitherOf(0), user, { from: own(200) })).status).toBe(200);
  });

  it.each([
    ['X-Forwarded-For', (index: number) => ({ 'x-forwarded-for': `203.0.113.${index}` })],
    ['Forwarded', (index: number) => ({ forwarded: `for=203.0.113.${index}` })],
    ['X-Real-IP', (index: number) => ({ 'x-real-ip': `203.0.113.${index}` })],
    ['CF-Connecting-IP', (index: number) => ({ 'cf-connecting-ip': `203.0.113.${index}` })],
  ])('A13 nobody believes %s of a stranger', async (_name, spoofed) => {
    const answers = await times(30, (index) =>
      logIn(eitherOf(index), wrong(), { from: own(), headers: spoofed(index) }),
    );
    expect(tally(answers)).toEqual({ looked: PER_ADDRESS, refused: 30 - PER_ADDRESS });
  });

  it('A13 neither a restart nor the other instance forgets an account', async () => {
    const before = await times(PER_ACCOUNT, (index) =>
      logIn(eitherOf(index), wrong(user.email), { from: own(index + 1) }),
    );
    expect(tally(before)).toEqual({ looked: PER_ACCOUNT, refused: 0 });
    await system.apis[0]!.stop();
    await system.startApi(0);
    const after = await times(10, (index) =>
      logIn(eitherOf(index), wrong(user.email), { from: own(100 + index) }),
    );
    expect(tally(after)).toEqual({ looked: 0, refused: 10 });
  });

  it('A13 behind a proxy that is trusted, addresses are told apart, and a /64 is one', async () => {
    await system.startApi(2, { TRUST_PROXY: 'loopback' });
    const behind = (client: string) => ({ headers: { 'x-forwarded-for': client } });
    const net = `2001:db8:${(address + 0x100).toString(16)}:1`;
    const answers = await times(200, (index) =>
      logIn(system.urls[2]!, wrong(), behind(`${net}:${index.toString(16)}::${index + 1}`)),
    );
    expect(tally(answers)).toEqual({ looked: PER_ADDRESS, refused: 200 - PER_ADDRESS });
    const neighbour = behind(`2001:db8:${(address + 0x100).toString(16)}:2::1`);
    expect((await logIn(system.urls[2]!, user, neighbour)).status).toBe(200);
    // What a client put in front of what the proxy saw is the client's word alone.
    const lied = await logIn(system.urls[2]!, user, behind(`198.51.100.7, ${net}::1`));
    expect(lied.status).toBe(429);
    await system.apis[2]!.stop();
  });

  it('A13 without Redis the limits are narrower than none, and accounts are as safe as ever', async () => {
    await services.redis.kill9();
    try {
      const ofAddress = await times(100, (index) => logIn(eitherOf(index), wrong(), { from: own() }));
      const { looked } = tally(ofAddress);
      expect(looked).toBeGreaterThan(0);
      expect(looked).toBeLessThanOrEqual(2 * PER_ADDRESS);
      const ofAccount = await times(50, (index) =>
        logIn(eitherOf(index), wrong(user.email), { from: own(index + 1) }),
      );
      expect(tally(ofAccount).looked).toBeLessThanOrEqual(PER_ACCOUNT);
      expect((await logIn(eitherOf(0), user, { from: own(200) })).status).toBe(200);
    } finally {
      await services.redis.restart();
    }
    expect(system.processes.filter(({ crashed }) => crashed)).toEqual([]);
  });
});
