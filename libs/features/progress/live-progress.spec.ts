import { Redis } from 'ioredis';
import { createRedis } from '@waybill/platform/cache';
import { uuidv7 } from '@waybill/core/kernel';
import { requireService } from '../../../test/support/environment';
import { waitFor } from '../../../test/support/system/wait-for';
import { LiveCounters } from './live-counters';
import { LiveProgress } from './live-progress';
import { readRecord } from './live-record';

let redis: Redis;
/** Two processes, as it were. */
let here: LiveProgress;
let there: LiveProgress;

beforeAll(async () => {
  const url = requireService('WAYBILL_TEST_REDIS_URL');
  redis = createRedis(url);
  await waitFor('Redis', async () => redis.status === 'ready');
});
beforeEach(() => {
  here = new LiveProgress(new LiveCounters(redis));
  there = new LiveProgress(new LiveCounters(redis));
});
afterAll(() => redis.disconnect());

const seen = async (by: LiveProgress, id: string) => (await by.of([id])).get(id);

describe('LiveProgress', () => {
  it('tells every process how far a transfer is, and then that it is over', async () => {
    const id = uuidv7();
    let bytes = 10;
    const end = here.follow(id, 'transfer', () => bytes);
    expect(await seen(here, id)).toMatchObject({ bytes: 10, ended: false });
    await waitFor('the first count', async () => (await seen(there, id))?.bytes === 10);
    bytes = 20;
    await waitFor('the next count', async () => (await seen(there, id))?.bytes === 20);
    bytes = 30;
    end();
    await waitFor('its end', async () => (await seen(there, id))?.ended);
    expect(await seen(there, id)).toMatchObject({ bytes: 30, ended: true });
    expect(await seen(here, id)).toMatchObject({ bytes: 30, ended: true });
  });

  it('writes four times a second, however much comes, and one round trip for all', async () => {
    const rounds: number[] = [];
    const write = jest.spyOn(LiveCounters.prototype, 'write');
    write.mockImplementation(async (records) => rounds.push(records.length) > 0);
    let bytes = 0;
    const ends = [1, 2, 3].map(() => here.follow(uuidv7(), 'transfer', () => (bytes += 1000)));
    await waitFor('some rounds', async () => rounds.length >= 4);
    const began = performance.now();
    const before = rounds.length;
    await waitFor('more rounds', async () => rounds.length >= before + 4);
    const seconds = (performance.now() - began) / 1000;
    write.mockRestore();
    ends.forEach((end) => end());
    expect(rounds).toEqual(rounds.map(() => 3));
    expect((rounds.length - before) / seconds).toBeLessThanOrEqual(5);
  });

  it('tells nobody more than a viewer at another instance can see', async () => {
    const id = uuidv7();
    let bytes = 7;
    const end = here.follow(id, 'transfer', () => bytes);
    let last = 0;
    const until = performance.now() + 1_500;
    // First here, then there: what was seen here has to be known there.
    while (performance.now() < until) {
      const first = (await seen(here, id))!.bytes;
      const then = (await seen(there, id))?.bytes ?? 7; // Nothing was written yet: the row's offset.
      expect(then).toBeGreaterThanOrEqual(first);
      last = then;
      bytes += 1;
    }
    expect(last).toBeGreaterThan(7);
    end();
  });

  it('costs Redis nothing for what is over before its first count', async () => {
    const write = jest.spyOn(LiveCounters.prototype, 'write');
    const id = uuidv7();
    here.follow(id, 'transfer', () => 6_000)();
    expect(write).not.toHaveBeenCalled();
    write.mockRestore();
    expect(await seen(here, id)).toMatchObject({ bytes: 6_000, ended: true });
  });

  it('tells no less than a moment ago when Redis was emptied, or is away', async () => {
    const id = uuidv7();
    const end = here.follow(id, 'transfer', () => 1000);
    await waitFor('the count', async () => (await seen(there, id))?.bytes === 1000);
    await redis.del(`progress:${id}`);
    expect(await seen(there, id)).toMatchObject({ bytes: 1000, speed: null });
    const away = new LiveProgress(new LiveCounters(new Redis({ lazyConnect: true })));
    const endAway = away.follow(id, 'transfer', () => 7);
    expect(await seen(away, id)).toMatchObject({ bytes: 7 });
    endAway();
    end();
  });

  it.each([
    '',
    '{}',
    '[]',
    'null',
    '["a","transfer",-1,null,0,false]',
    '["a","x",1,null,0,false]',
    '[1,2,3,4,5,6]',
  ])('takes %j in Redis for nothing', async (text) => {
    expect(readRecord(text)).toBeNull();
    const id = uuidv7();
    await redis.set(`progress:${id}`, text);
    expect(await seen(here, id)).toBeUndefined();
  });
});
