export { createRedis } from './create-redis';
export { MetadataCache, type Cached, type Loaded } from './metadata-cache';
export { RedisModule } from './redis.module';
export { Signals } from './signals';
