import type { Redis } from 'ioredis';

/** Ends a connection that does not answer for so long, and connects anew; what was asked is asked again. */
export const silenceOf = (milliseconds: number) => ({
  socketTimeout: milliseconds,
  // What only listens asks nothing; there the system looks whether anybody is at the other end.
  keepAlive: 30_000,
});

/**
 * ioredis (5.11) leaves the clock of a connection running that ends for another reason, and ends the next one by it:
 * whatever connects again gets a clock of its own.
 */
export function stopClockWithConnection(client: Redis): Redis {
  return client.on('close', () => {
    clearTimeout(client['socketTimeoutTimer']);
    client['socketTimeoutTimer'] = undefined;
  });
}
