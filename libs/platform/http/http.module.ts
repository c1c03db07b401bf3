import { Global, Module } from '@nestjs/common';
import { RateLimiter } from './limits/rate-limiter';
import { RequestLimits } from './limits/request-limits';
import { CursorCodec } from './paging/cursor-codec';
import { ProblemsController } from './problems/problems.controller';

/** What controllers need of HTTP beside Nest. `configureHttp` sets up the application around it. */
@Global()
@Module({
  controllers: [ProblemsController],
  providers: [CursorCodec, RateLimiter, RequestLimits],
  exports: [CursorCodec, RateLimiter, RequestLimits],
})
export class HttpModule {}
