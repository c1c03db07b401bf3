import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { AppConfig } from '@waybill/platform/config';
import { ReadinessChecks } from '@waybill/platform/observability';
import { createRedis } from './create-redis';
import { MetadataCache } from './metadata-cache';
import { Signals } from './signals';

/**
 * Gives the process's one Redis client (inject `Redis` of ioredis). Subscriptions and blocking commands need
 * connections of their own: `client.duplicate()`. Hints between processes go by `Signals`.
 */
@Global()
@Module({
  providers: [
    {
      provide: Redis,
      inject: [AppConfig, ReadinessChecks],
      useFactory: (config: AppConfig, readiness: ReadinessChecks) => {
        const client = createRedis(config.redis.url);
        readiness.register('redis', () => client.ping());
        return client;
      },
    },
    MetadataCache,
    Signals,
  ],
  exports: [Redis, MetadataCache, Signals],
})
export class RedisModule implements OnApplicationShutdown {
  constructor(@Inject(Redis) private readonly client: Redis) {}

  onApplicationShutdown(): void {
    this.client.disconnect();
  }
}
