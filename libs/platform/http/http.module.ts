import { Global, Module } from '@nestjs/common';
import { RateLimiter } from './limits/rate-limiter';
import { CursorCodec } from './paging/cursor-codec';
import { ProblemsController } from './problems/problems.controller';

/** What controllers need of HTTP beside Nest. `configureHttp` sets up the application around it. */
@Global()
@Module({
  controllers: [ProblemsController],
  providers: [CursorCodec, RateLimiter],
  exports: [CursorCodec, RateLimiter],
})
export class HttpModule {}
