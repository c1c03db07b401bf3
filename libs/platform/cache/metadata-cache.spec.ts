import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Metrics } from '@waybill/platform/observability';
import type { Redis } from 'ioredis';
import { requireService } from '../../../test/support/environment';
import { createRedis } from './create-redis';
import { MetadataCache } from './metadata-cache';

let redis: Redis;
const cache = (client = redis): MetadataCache => new MetadataCache(client, new Metrics());

beforeAll(async () => {
  redis = createRedis(requireService('WAYBILL_TEST_REDIS_URL'));
  while (redis.status !== 'ready') await delay(5);
});
afterAll(() => redis.disconnect());

it('loads once, then has it, in every process', async () => {
  const key = randomUUID();
  const load = jest.fn(async () => ({ value: { n: 1 }, keep: true }));
  expect(await cache().through(key, load)).toEqual({ value: { n: 1 }, hit: false });
  expect(await cache().through(key, load)).toEqual({ value: { n: 1 }, hit: true });
  expect(load).toHaveBeenCalledTimes(1);
  expect(await redis.pttl(`waybill:meta:${key}`)).toBeGreaterThan(290_000);
});

it('loads at most once in each process for many who ask at once, and as a rule once in all', async () => {
  const processes = [cache(), cache()];
  const loadings: number[] = [];
  for (let round = 0; round < 10; round++) {
    const key = randomUUID();
    const load = jest.fn(async () => {
      await delay(5);
      return { value: key, keep: true };
    });
    const asked = Array.from({ length: 100 }, (_, n) => processes[n % 2]!.through(key, load));
    expect(new Set((await Promise.all(asked)).map(({ value }) => value))).toEqual(new Set([key]));
    loadings.push(load.mock.calls.length);
  }
  expect(Math.max(...loadings)).toBeLessThanOrEqual(2);
  // Who waits for another process does so for a moment only, which a busy machine may exceed.
  expect(Math.min(...loadings)).toBe(1);
});

it('waits for nobody who has died on the way', async () => {
  const key = randomUUID();
  await redis.set(`waybill:meta:${key}:lock`, '1');
  expect(await cache().through(key, async () => ({ value: 2, keep: true }))).toEqual({
    value: 2,
    hit: false,
  });
});

it('keeps nothing that is not of that key, nothing that failed, and believes nobody', async () => {
  const key = randomUUID();
  await cache().through(key, async () => ({ value: 'newer', keep: false }));
  const failing = cache().through(key, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  for (const garbage of ['', '{', 'null', '7', '[]', '{"other":1}']) {
    await redis.set(`waybill:meta:${key}`, garbage);
    expect(await cache().through(key, async () => ({ value: 'right', keep: false }))).toEqual({
      value: 'right',
      hit: false,
    });
  }
});

describe('without Redis', () => {
  beforeEach(() => void jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined));
  afterEach(() => jest.restoreAllMocks());

  it.each<[string, object]>([
    ['that is not connected', { status: 'reconnecting' }],
    ['that fails', { status: 'ready', get: () => Promise.reject(new Error('LOADING')) }],
    ['that hangs', { status: 'ready', get: () => new Promise(() => undefined) }],
    ['that hangs later', { status: 'ready', get: async () => null, set: () => new Promise(() => undefined) }],
  ])('one %s, it loads', async (_, client) => {
    const lonely = cache(client as Redis);
    const load = jest.fn(async () => ({ value: 1, keep: true }));
    for (let n = 1; n <= 3; n++) expect(await lonely.through('key', load)).toEqual({ value: 1, hit: false });
    expect(load).toHaveBeenCalledTimes(3);
  });
});
