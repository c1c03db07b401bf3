import type { RateLimiter, RateLimitPolicy } from './rate-limiter';
import { LeasedLimiter } from './leased-limiter';

const POLICY: RateLimitPolicy = { name: 'requests', points: 300, seconds: 60 };

/** One counter for all instances, as Redis is, that a test can look into and turn to the next window. */
function sharedCount(points = POLICY.points) {
  const count = { used: 0, asked: 0, resetMs: 60_000 };
  const limiter = {
    count: async (policy: RateLimitPolicy, _key: string, taken: number) => {
      count.asked += 1;
      count.used += taken;
      const { used, resetMs } = count;
      await new Promise((resolve) => setImmediate(resolve));
      return { policy: { ...policy, points }, used, resetMs };
    },
  } as Pick<RateLimiter, 'count'> as RateLimiter;
  return { count, instance: () => new LeasedLimiter(limiter) };
}

async function admitted(instances: LeasedLimiter[], requests: number, key = 'ada'): Promise<number> {
  const states = await Promise.all(
    Array.from({ length: requests }, (_, index) => instances[index % instances.length]!.take(POLICY, key)),
  );
  return states.filter(({ exceeded }) => !exceeded).length;
}

describe('leases of a limit', () => {
  it.each([1, 2, 5])(
    'let through what the limit says, exactly, in a burst over %i instances',
    async (instances) => {
      const { count, instance } = sharedCount();
      const all = Array.from({ length: instances }, instance);
      expect(await admitted(all, 1000)).toBe(300);
      expect(count.asked).toBeLessThan(150);
    },
  );

  it('let through what the limit says one after the other, with few questions, and count down', async () => {
    const { count, instance } = sharedCount();
    const one = instance();
    for (let request = 0; request < 300; request++) {
      expect(await one.take(POLICY, 'ada')).toMatchObject({ exceeded: false, remaining: 299 - request });
    }
    const refused = one.take(POLICY, 'ada'); // known here, nobody is asked
    expect(refused).toMatchObject({ exceeded: true, remaining: 0, resetSeconds: 60 });
    expect(count.asked).toBeLessThan(60);
    expect(count.used).toBe(300);
  });

  it('answer at once where a lease allows it', async () => {
    const one = sharedCount().instance();
    expect(one.take(POLICY, 'ada')).toBeInstanceOf(Promise);
    for (let request = 0; request < 4; request++) await one.take(POLICY, 'ada');
    expect(one.take(POLICY, 'ada')).not.toBeInstanceOf(Promise);
  });

  it('tie up one point for who asks once', async () => {
    const { count, instance } = sharedCount();
    await admitted([instance(), instance(), instance()], 3);
    expect(count.used).toBe(3);
  });

  it('keep keys apart', async () => {
    const one = sharedCount(3).instance();
    expect(await admitted([one], 10, 'ada')).toBe(3);
    const other = sharedCount(3).instance();
    expect(await admitted([other], 2, 'bob')).toBe(2);
  });

  it('begin anew with the next window, and carry nothing over', async () => {
    const { count, instance } = sharedCount();
    const one = instance();
    for (let request = 0; request < 40; request++) await one.take(POLICY, 'ada');
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 61_000);
    try {
      count.used = 0;
      expect(await admitted([one], 1000)).toBe(300);
    } finally {
      clock.mockRestore();
    }
  });

  it('answer everybody, even when windows end before their answers are read', async () => {
    const { count, instance } = sharedCount();
    count.resetMs = 0;
    expect(await admitted([instance()], 20)).toBe(20);
  });
});
