export { createRedis } from './create-redis';
export { RedisModule } from './redis.module';
