import { Logger } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';
import { silenceOf, stopClockWithConnection } from './silence';

const SLOWEST_RETRY_MS = 2000;
/** Several commands have failed by then: it is the connection that does not answer. */
const SILENCE_MS = 5000;

/**
 * A client for commands that answer at once. Redis is disposable, so its absence must be quick to notice and never
 * fatal: nothing is queued while it is away, a command that hangs fails within a second, a connection that hangs is ended,
 * and the client reconnects for ever.
 */
export function createRedis(url: string, options: RedisOptions = {}): Redis {
  const logger = new Logger('Redis');
  const client = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 2000,
    commandTimeout: 1000,
    ...silenceOf(SILENCE_MS),
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), SLOWEST_RETRY_MS),
    ...options,
  });
  stopClockWithConnection(client);
  // One line for each change; a client that is away reports an error with every attempt.
  let away: boolean | undefined;
  client.on('error', (error: Error) => {
    if (away !== true) logger.warn('Redis is away', error);
    away = true;
  });
  client.on('ready', () => {
    if (away === true) logger.log('Redis is back');
    away = false;
  });
  return client;
}
