import type { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { requireService } from '../../../test/support/environment';
import { waitFor } from '../../../test/support/system/wait-for';
import { createRedis } from './create-redis';
import { Signals } from './signals';

const clients: Redis[] = [];
const ends: Signals[] = [];

async function process(): Promise<Signals> {
  const redis = createRedis(requireService('WAYBILL_TEST_REDIS_URL'));
  await waitFor('Redis', async () => redis.status === 'ready');
  const signals = new Signals(redis);
  clients.push(redis);
  ends.push(signals);
  return signals;
}

afterAll(() => {
  ends.forEach((signals) => signals.onApplicationShutdown());
  clients.forEach((client) => client.disconnect());
});

describe('Signals', () => {
  it('reach every process that listens, until it listens no more', async () => {
    const [here, there] = [await process(), await process()];
    const topic = randomUUID();
    const heard: string[] = [];
    const stop = there.on(topic, (message) => heard.push(message));
    here.on(topic, (message) => heard.push(`here ${message}`));
    await waitFor('the first', async () => {
      here.send(topic, 'a');
      return heard.includes('a') && heard.includes('here a');
    });
    stop();
    const echoes = (): number => heard.filter((message) => message === 'here b').length;
    here.send(topic, 'b');
    here.send(randomUUID(), 'of another topic');
    await waitFor('the echo', async () => echoes() === 2);
    expect(heard).not.toContain('b');
    expect(heard.filter((message) => message.endsWith('topic'))).toEqual([]);
  });

  it('reach their own process at once where there is no other', () => {
    const alone = new Signals(null);
    const heard: string[] = [];
    alone.on('topic', (message) => heard.push(message));
    alone.send('topic', 'a');
    expect(heard).toEqual(['a']);
  });
});
