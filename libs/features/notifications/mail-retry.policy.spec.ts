import { retryAfterSeconds } from './mail-retry.policy';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('retryAfterSeconds', () => {
  it('doubles up to an hour', () => {
    const waits = [1, 2, 3, 4, 8, 9, 50].map((attempts) => retryAfterSeconds(attempts, 0, 0.5));
    expect(waits).toEqual([15, 30, 60, 120, 1920, 3600, 3600]);
  });

  it('spreads by a quarter to both sides', () => {
    expect(retryAfterSeconds(1, 0, 0)).toBe(11.25);
    expect(retryAfterSeconds(1, 0, 0.999)).toBeCloseTo(18.75, 1);
  });

  it('gives up after three days, however often it was tried', () => {
    expect(retryAfterSeconds(1, 3 * DAY_MS, 0.5)).toBeNull();
    expect(retryAfterSeconds(80, 3 * DAY_MS - 1, 0.5)).toBe(3600);
  });
});
