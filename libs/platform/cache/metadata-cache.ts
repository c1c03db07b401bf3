import { Inject, Injectable, Logger } from '@nestjs/common';
import { Metrics } from '@waybill/platform/observability';
import { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';

const TTL_MS = 5 * 60 * 1000;
/** How long Redis may take: what it saves takes no longer. */
const PATIENCE_MS = 100;
/** How long Redis is left alone that did not answer. */
const PAUSE_MS = 1_000;
/** How long one process may be busy with a value that others wait for, and how often they look. */
const LOCK_MS = 250;
const LOOK_MS = 10;

const PREFIX = 'waybill:meta:';

/** What was found out, and whether it may be kept under the key that was asked for. */
export interface Loaded<T> {
  value: T;
  keep: boolean;
}

export interface Cached<T> {
  value: T;
  hit: boolean;
}

/**
 * Keeps what is quick to read and slow to put together, as JSON, for five minutes. Nothing is ever taken out: whoever asks
 * names the revision in the key, which he has read from the row itself, so that what is old is asked for no more. Without
 * Redis everything is loaded, and as quickly.
 *
 * Many who ask at once for what is not there cause one loading in each process, and as a rule one in all.
 */
@Injectable()
export class MetadataCache {
  private readonly log = new Logger(MetadataCache.name);
  private readonly flights = new Map<string, Promise<Cached<unknown>>>();
  private readonly requests;
  private silentUntil = 0;

  constructor(
    @Inject(Redis) private readonly redis: Redis,
    metrics: Metrics,
  ) {
    const help = 'Questions to the metadata cache by outcome; away: Redis did not answer';
    this.requests = metrics.counter('waybill_metadata_cache_requests_total', help, ['outcome']);
  }

  /** The value of a key: from the cache, or loaded. Rejects as `load` does. */
  async through<T>(key: string, load: () => Promise<Loaded<T>>): Promise<Cached<T>> {
    const running = this.flights.get(key);
    if (running !== undefined) return (await running) as Cached<T>;
    const flight = this.find(PREFIX + key, load).finally(() => this.flights.delete(key));
    this.flights.set(key, flight);
    return flight;
  }

  private async find<T>(key: string, load: () => Promise<Loaded<T>>): Promise<Cached<T>> {
    const kept = await this.read<T>(key);
    if (kept === 'away') {
      this.requests.inc({ outcome: 'away' });
      return { value: (await load()).value, hit: false };
    }
    const found = kept ?? (await this.readWhenOtherHas<T>(key));
    this.requests.inc({ outcome: found === null ? 'miss' : 'hit' });
    if (found !== null) return { value: found.value, hit: true };
    try {
      const { value, keep } = await load();
      if (keep) await this.ask(() => this.redis.set(key, JSON.stringify({ value }), 'PX', TTL_MS));
      return { value, hit: false };
    } finally {
      void this.release(key);
    }
  }

  private async read<T>(key: string): Promise<{ value: T } | 'away' | null> {
    const text = await this.ask(() => this.redis.get(key));
    if (text === undefined) return 'away';
    return text === null ? null : parse<T>(text);
  }

  /** Takes the lock and answers null, or waits for whoever has it as long as that is worth while. */
  private async readWhenOtherHas<T>(key: string): Promise<{ value: T } | null> {
    // Together, in this order: whoever had the lock has written the value before giving it back.
    const lockAndRead = () => this.redis.multi().set(lockOf(key), '1', 'PX', LOCK_MS, 'NX').get(key).exec();
    for (const deadline = Date.now() + LOCK_MS; Date.now() < deadline; await delay(LOOK_MS)) {
      const answers = await this.ask(lockAndRead);
      if (!answers) return null;
      const [[, locked], [, text]] = answers as [[unknown, 'OK' | null], [unknown, string | null]];
      const found = text === null ? null : parse<T>(text);
      if (found !== null && locked !== null) void this.release(key);
      if (found !== null || locked !== null) return found;
    }
    return null;
  }

  /** Not waited for: the lock runs out by itself. */
  private async release(key: string): Promise<void> {
    await this.ask(() => this.redis.del(lockOf(key)));
  }

  /** Redis' answer; undefined when it is away, or as good as. */
  private async ask<T>(command: () => Promise<T>): Promise<T | undefined> {
    if (this.redis.status !== 'ready' || Date.now() < this.silentUntil) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('Redis did not answer in time')), PATIENCE_MS);
    });
    try {
      return await Promise.race([command(), impatience]);
    } catch (error) {
      this.silentUntil = Date.now() + PAUSE_MS;
      this.log.warn(`The metadata cache pauses: ${(error as Error).message}`);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}

function lockOf(key: string): string {
  return `${key}:lock`;
}

/** What somebody else has written there counts as nothing. */
function parse<T>(text: string): { value: T } | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && 'value' in parsed
      ? (parsed as { value: T })
      : null;
  } catch {
    return null;
  }
}
