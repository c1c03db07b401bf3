import { Injectable, Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import { sha256 } from '@waybill/core/crypto';
import { AppError } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';

/** So many points in so many seconds, counted from the first. `name` keeps policies apart and appears in answers. */
export interface RateLimitPolicy {
  name: string;
  points: number;
  seconds: number;
}

/** Where a key stands. */
export interface RateLimitState {
  policy: string;
  limit: number;
  windowSeconds: number;
  remaining: number;
  /** Until the window ends. */
  resetSeconds: number;
  exceeded: boolean;
}

/** What a key has used of its window. */
export interface RateLimitCount {
  /** The rule as it is scaled by the settings. */
  policy: RateLimitPolicy;
  used: number;
  /** Until the window ends, in milliseconds. */
  resetMs: number;
}

const REDIS_PAUSE_MS = 1000;

/**
 * Rate limits that all instances share through Redis. While Redis is away or hangs, each instance counts for itself:
 * never without limit, and never waiting longer than a quarter of a second.
 *
 * Keys are hashed, since some are e-mail addresses.
 */
@Injectable()
export class RateLimiter {
  private readonly logger = new Logger(RateLimiter.name);
  private readonly counters = new Map<string, Counters>();
  private redisRestsUntil = 0;
  /** How long Redis may take, in milliseconds, before a request goes on without it. */
  protected readonly patienceMs: number = 250;

  constructor(
    private readonly redis: Redis,
    private readonly config: AppConfig,
  ) {}

  /**
   * Takes a point before something is tried, and refuses when there is none.
   *
   * To limit failures only, take the point first and give it back with `refund` when the try succeeded: counting after
   * the failure would let as many guesses in as can run at once.
   *
   * @throws AppError RATE_LIMITED, with `Retry-After` and the rule.
   */
  async consume(policy: RateLimitPolicy, key: string): Promise<RateLimitState> {
    const state = await this.take(policy, key);
    if (state.exceeded) throw rateLimited([state]);
    return state;
  }

  /** Takes a point and tells where that leads, without refusing. */
  async take(policy: RateLimitPolicy, key: string): Promise<RateLimitState> {
    return stateOf(await this.count(policy, key, 1));
  }

  /** Takes points, as many as there are or not, and tells what is used now. */
  async count(policy: RateLimitPolicy, key: string, points: number): Promise<RateLimitCount> {
    const counters = this.countersOf(policy);
    const result = await this.ask(counters, (counter) => counter.penalty(hashed(key), points));
    return { policy: counters.policy, used: result.consumedPoints, resetMs: result.msBeforeNext };
  }

  /** Gives a point back. */
  async refund(policy: RateLimitPolicy, key: string): Promise<void> {
    await this.ask(this.countersOf(policy), (counter) => counter.reward(hashed(key), 1));
  }

  /** Forgets a key. */
  async reset(policy: RateLimitPolicy, key: string): Promise<void> {
    await this.ask(this.countersOf(policy), (counter) => counter.delete(hashed(key)));
  }

  private async ask<T>(counters: Counters, run: (counter: Counter) => Promise<T>): Promise<T> {
    if (this.redis.status === 'ready' && performance.now() >= this.redisRestsUntil) {
      try {
        return await within(this.patienceMs, run(counters.shared));
      } catch (error) {
        this.redisRestsUntil = performance.now() + REDIS_PAUSE_MS;
        this.logger.warn('Rate limits are counted here alone until Redis answers', error);
      }
    }
    return run(counters.local);
  }

  private countersOf(policy: RateLimitPolicy): Counters {
    const known = this.counters.get(policy.name);
    if (known !== undefined) return known;
    const points = Math.max(1, Math.round(policy.points * this.config.rateLimitScale));
    const options = { keyPrefix: `limit:${policy.name}`, points, duration: policy.seconds };
    const counters: Counters = {
      policy: { ...policy, points },
      shared: new RateLimiterRedis({ ...options, storeClient: this.redis }),
      local: new RateLimiterMemory(options),
    };
    this.counters.set(policy.name, counters);
    return counters;
  }
}

/** The refusal for the worst of some policies. */
export function rateLimited(states: RateLimitState[]): AppError {
  const seconds = Math.max(...states.map(({ resetSeconds }) => resetSeconds));
  return new AppError('RATE_LIMITED', `Too many requests. Try again in ${seconds} seconds.`, {
    retryAfterSeconds: seconds,
    headers: rateLimitHeaders(states),
  });
}

/** `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10). */
export function rateLimitHeaders(states: RateLimitState[]): Record<string, string> {
  return {
    'RateLimit-Policy': states
      .map(({ policy, limit, windowSeconds }) => `"${policy}";q=${limit};w=${windowSeconds}`)
      .join(', '),
    RateLimit: states
      .map(({ policy, remaining, resetSeconds }) => `"${policy}";r=${remaining};t=${resetSeconds}`)
      .join(', '),
  };
}

type Counter = RateLimiterRedis | RateLimiterMemory;

interface Counters {
  policy: RateLimitPolicy;
  shared: RateLimiterRedis;
  local: RateLimiterMemory;
}

function stateOf({ policy, used, resetMs }: RateLimitCount): RateLimitState {
  return {
    policy: policy.name,
    limit: policy.points,
    windowSeconds: policy.seconds,
    remaining: Math.max(0, policy.points - used),
    resetSeconds: Math.max(1, Math.ceil(resetMs / 1000)),
    exceeded: used > policy.points,
  };
}

function hashed(key: string): string {
  return sha256(key).toString('base64url');
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = (): void => reject(new Error(`no answer within ${milliseconds} ms`));
    // When this process itself was busy that long, the answer may be there, unread: one look at the sockets first.
    timer = setTimeout(() => setImmediate(giveUp), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
