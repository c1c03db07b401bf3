import { silenceOf } from '@waybill/platform/cache';
import type { AppConfig } from '@waybill/platform/config';
import type { QueueOptions } from 'bull';
import type { RedisOptions } from 'ioredis';

/** Bull moves a job back when its worker fell silent; that must not count as the job's own failure. */
const STALLS_FORGIVEN = 100;

/** How long Redis holds a worker's question for the next job, in seconds, before it answers that there is none. */
const JOB_WAIT_SECONDS = 5;
/** Longer than that: a connection that says nothing for so long leads nowhere any more. */
const SILENCE_MS = 15_000;

/**
 * How Bull talks to Redis: for ever patient while it is away, and back at once when it is. A connection whose other end has
 * gone without a word is no reason for patience: a worker that waits on it takes no job for ever.
 */
export function bullOptions(config: AppConfig): QueueOptions {
  return {
    redis: redisOptions(config.redis.url),
    settings: {
      maxStalledCount: STALLS_FORGIVEN,
      lockDuration: config.leaseMs,
      stalledInterval: config.leaseMs,
      retryProcessDelay: 500,
      guardInterval: 2_000,
      drainDelay: JOB_WAIT_SECONDS,
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
    ...silenceOf(SILENCE_MS),
    maxRetriesPerRequest: null,
    enableReadyCheck: false,
    retryStrategy: (times) => Math.min(times * 100, 2_000),
  };
}
