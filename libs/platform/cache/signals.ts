import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { stopClockWithConnection } from './silence';

type Hear = (message: string) => void;

const PREFIX = 'waybill:signal:';
const SLOWEST_RETRY_MS = 2000;

/**
 * Short messages to all processes, this one included: hints that something is worth a look. They may be lost, come
 * twice, or come late, so nothing may depend on one; whoever is told looks at rows. While Redis is away they reach this
 * process alone.
 */
@Injectable()
export class Signals implements OnApplicationShutdown {
  private readonly log = new Logger(Signals.name);
  private readonly hearers = new Map<string, Set<Hear>>();
  /** Of its own: a connection that listens can do nothing else. */
  private listening: Redis | null = null;

  /** @param redis null for a process that is alone. */
  constructor(@Inject(Redis) private readonly redis: Redis | null) {}

  /** Never rejects and never waits for Redis. */
  send(topic: string, message: string): void {
    this.tell(topic, message);
    if (this.redis?.status !== 'ready') return;
    this.redis
      .publish(PREFIX + topic, message)
      .catch((error: Error) => this.log.warn(`A signal was not sent: ${error.message}`));
  }

  /** Calls `hear` with what is sent, until the answered function is called. */
  on(topic: string, hear: Hear): () => void {
    const hearers = this.hearers.get(topic) ?? new Set();
    if (!this.hearers.has(topic)) {
      this.hearers.set(topic, hearers);
      if (this.redis) this.listen(this.redis, PREFIX + topic);
    }
    hearers.add(hear);
    return () => hearers.delete(hear);
  }

  onApplicationShutdown(): void {
    this.listening?.disconnect();
  }

  private listen(redis: Redis, channel: string): void {
    this.listening ??= this.connect(redis);
    // Asked for once: the client asks again whenever it has connected again.
    this.listening.subscribe(channel).catch((error: Error) => {
      this.log.warn(`Signals of other processes are not heard: ${error.message}`);
    });
  }

  private connect(redis: Redis): Redis {
    const client = redis.duplicate({
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      commandTimeout: undefined,
      autoResubscribe: true,
      retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), SLOWEST_RETRY_MS),
    });
    stopClockWithConnection(client);
    // That Redis is away is said once, by the client that commands go through.
    client.on('error', () => undefined);
    client.on('message', (channel: string, message: string) =>
      this.tell(channel.slice(PREFIX.length), message),
    );
    return client;
  }

  private tell(topic: string, message: string): void {
    for (const hear of this.hearers.get(topic) ?? []) hear(message);
  }
}
