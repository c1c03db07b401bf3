import type { AppConfig } from '@waybill/platform/config';
import type { QueueOptions } from 'bull';
import type { RedisOptions } from 'ioredis';

/** Bull moves a job back when its worker fell silent; that must not count as the job's own failure. */
const STALLS_FORGIVEN = 100;

/** How Bull talks to Redis: for ever patient on its own connections, and back at once when Redis is. */
export function bullOptions(config: AppConfig): QueueOptions {
  return {
    redis: redisOptions(config.redis.url),
    settings: {
      maxStalledCount: STALLS_FORGIVEN,
      lockDuration: config.leaseMs,
      stalledInterval: config.leaseMs,
      retryProcessDelay: 500,
      guardInterval: 2_000,
    },
  };
}

function redisOptions(address: string): RedisOptions {
  const url = new URL(address);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    username: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
    db: Number(url.pathname.slice(1) || 0),
    tls: url.protocol === 'rediss:' ? {} : undefined,
    maxRetriesPerRequest: null,
    enableReadyCheck: false,
    retryStrategy: (times) => Math.min(times * 100, 2_000),
  };
}
