export { createRedis } from './create-redis';
export { MetadataCache, type Cached, type Loaded } from './metadata-cache';
export { silenceOf, stopClockWithConnection } from './silence';
export { RedisModule } from './redis.module';
export { Signals } from './signals';
