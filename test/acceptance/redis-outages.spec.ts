import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { largeDocument } from '../fixtures/documents';
import {
  assertInvariants,
  OwnServices,
  TestSystem,
  waitFor,
  type ApiClient,
  type TestUser,
} from '../support/system';

const PENDING = 10;
/** All must be sealed so long after Redis is back. */
const RECOVERY_MS = 120_000;
const OUTAGE_MS = 8_000;
/** How long anybody may wait for an answer while Redis is away. */
const PATIENCE_MS = 10_000;

let services: OwnServices;
let system: TestSystem;
let owner: ApiClient & { user: TestUser };
let sealed: { fileId: string };
const plaintext = Buffer.concat([...largeDocument(40_000)]);

beforeAll(async () => {
  services = await OwnServices.start({ durable: false });
  system = await TestSystem.start({ services, env: { LEASE_SECONDS: '2' } });
  owner = await system.client('ops');
  sealed = await owner.uploadAndWait(plaintext);
}, 60_000);
afterAll(async () => {
  await system?.stop();
  await services?.stop();
}, 60_000);

async function uploadPending(): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < PENDING; n++) {
    const answer = await inTime(owner.upload(plaintext));
    expect(answer.status).toBe(201);
    ids.push(answer.body.uploadId as string);
  }
  return ids;
}

async function allCompleted(ids: string[]): Promise<void> {
  await waitFor(
    'all uploads to be completed',
    async () => {
      const [row] = await system.query(
        `SELECT count(*)::int AS n FROM uploads WHERE id = ANY($1) AND status = 'completed'`,
        [ids],
      );
      return row.n === ids.length;
    },
    { timeoutMs: RECOVERY_MS, everyMs: 100 },
  );
  const [events] = await system.query(
    `SELECT count(*)::int AS n FROM events WHERE type = 'upload.completed' AND subject_id = ANY($1)`,
    [ids],
  );
  expect(events.n).toBe(ids.length);
}

/** The bytes are still handed out, whatever Redis does. */
async function downloadsWork(): Promise<void> {
  const { status, bytes } = await inTime(owner.get(`/api/files/${sealed.fileId}/content`));
  expect(status).toBe(200);
  expect(bytes.equals(plaintext)).toBe(true);
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  return Promise.race([
    answer,
    delay(PATIENCE_MS, null, { ref: false }).then(() => {
      throw new Error(`No answer within ${PATIENCE_MS} ms.`);
    }),
  ]);
}

async function withRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(services.redis.url);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

it.each<[string, () => Promise<void>]>([
  [
    'is restarted, and has lost everything',
    async () => {
      await services.redis.kill9();
      await services.redis.restart();
    },
  ],
  ['is emptied', async () => void (await withRedis((redis) => redis.flushall()))],
])(
  'J02 ten uploads are pending when Redis %s: all are completed',
  async (_title, disaster) => {
    const [worker] = system.workers;
    worker!.signal('SIGSTOP');
    const ids = await uploadPending();
    await disaster();
    worker!.signal('SIGCONT');
    await downloadsWork();
    await allCompleted(ids);
    await assertInvariants(system);
  },
  150_000,
);

it('J02 Redis is emptied again and again while uploads come and are sealed', async () => {
  const flushing = (async () => {
    for (let n = 0; n < 20; n++) {
      await withRedis((redis) => redis.flushall());
      await delay(50);
    }
  })();
  const ids = await uploadPending();
  await flushing;
  await allCompleted(ids);
  await assertInvariants(system);
}, 150_000);

it('J02 Redis is away: uploads, downloads and logins go on, guessing stays limited, and all is sealed when it is back', async () => {
  await system.startApi(1, { RATE_LIMIT_SCALE: '1' });
  await services.redis.kill9();
  const gone = Date.now();
  const ids = await uploadPending();
  await downloadsWork();
  expect((await inTime(owner.get('/api/health/live'))).status).toBe(200);
  await loginsAreAnswered();
  await guessingIsLimited();
  await delay(Math.max(0, gone + OUTAGE_MS - Date.now()));
  await downloadsWork();
  await services.redis.restart();
  await allCompleted(ids);
  await waitFor('the API to be ready', async () => (await owner.get('/api/health/ready')).status === 200);
  await assertInvariants(system);
}, 180_000);

it('J02 Redis takes connections and answers nothing: nobody hangs', async () => {
  services.redis.freeze();
  try {
    const ids = uploadPending();
    await Promise.all([ids, downloadsWork(), loginsAreAnswered()]);
    services.redis.thaw();
    await allCompleted(await ids);
  } finally {
    services.redis.thaw();
  }
  await assertInvariants(system);
}, 180_000);

it('J02 Redis has no memory left: nothing is lost, and all is sealed when it has', async () => {
  await withRedis((redis) => redis.config('SET', 'maxmemory', '1'));
  const ids = await uploadPending();
  await downloadsWork();
  await loginsAreAnswered();
  await guessingIsLimited();
  await withRedis((redis) => redis.config('SET', 'maxmemory', '0'));
  await allCompleted(ids);
  await assertInvariants(system);
}, 180_000);

async function loginsAreAnswered(): Promise<void> {
  const { email, password } = owner.user;
  const { status } = await inTime(system.anonymous().login(email, password));
  expect([200, 429, 503]).toContain(status);
}

/** Forty wrong passwords for one account: ten may fail, and twenty tries of one address in a minute. */
async function guessingIsLimited(): Promise<void> {
  const victim = await system.createUser('client');
  const guesses = Array.from({ length: 40 }, () =>
    inTime(system.anonymous(1).login(victim.email, 'wrong password')),
  );
  const statuses = (await Promise.all(guesses)).map(({ status }) => status);
  expect(statuses.filter((status) => ![401, 429, 503].includes(status))).toEqual([]);
  expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(20);
}
