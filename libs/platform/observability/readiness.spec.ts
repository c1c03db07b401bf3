import { Logger } from '@nestjs/common';
import { Drain } from './drain';
import { ReadinessChecks } from './readiness';

beforeAll(() => Logger.overrideLogger(false));

describe('readiness', () => {
  it('is the sum of its checks', async () => {
    const readiness = new ReadinessChecks(new Drain());
    expect(await readiness.ask()).toEqual({ ready: true, checks: {}, draining: false, notes: [] });
    readiness.register('database', async () => 1);
    readiness.register('redis', async () => {
      throw new Error('redis://:hunter2@host refused');
    });
    expect(await readiness.ask()).toEqual({
      ready: false,
      checks: { database: 'up', redis: 'down' },
      draining: false,
      notes: [],
    });
  });

  it('does not wait for a check that hangs, nor fall over one that throws at once', async () => {
    jest.useFakeTimers();
    try {
      const readiness = new ReadinessChecks(new Drain());
      readiness.register('storage', () => new Promise(() => undefined));
      readiness.register('odd', () => {
        throw new Error('at once');
      });
      const answer = readiness.ask();
      await jest.advanceTimersByTimeAsync(2000);
      expect(await answer).toMatchObject({ ready: false, checks: { storage: 'down', odd: 'down' } });
    } finally {
      jest.useRealTimers();
    }
  });

  it('ends with the drain, which long answers can hear', async () => {
    const drain = new Drain();
    const readiness = new ReadinessChecks(drain);
    const heard = new Promise((resolve) => drain.signal.addEventListener('abort', resolve));
    drain.begin();
    await heard;
    expect(await readiness.ask()).toEqual({ ready: false, checks: {}, draining: true, notes: [] });
  });

  it('tells what is noted beside it, which makes nobody unready, and nothing of what cannot be asked', async () => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const readiness = new ReadinessChecks(new Drain());
    readiness.note('sweep', async () => ['SWEEP_HALTED']);
    readiness.note('other', () => Promise.reject(new Error('away')));
    expect(await readiness.ask()).toMatchObject({ ready: true, notes: ['SWEEP_HALTED'] });
  });

  it('refuses two checks of one name', () => {
    const readiness = new ReadinessChecks(new Drain());
    readiness.register('redis', async () => undefined);
    expect(() => readiness.register('redis', async () => undefined)).toThrow('redis');
  });
});
