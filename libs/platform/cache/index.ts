export { createRedis } from './create-redis';
export { RedisModule } from './redis.module';
export { Signals } from './signals';
