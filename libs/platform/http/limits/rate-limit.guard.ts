import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { RequestLimits } from './request-limits';

/** Comes right after authentication, so that users can be told apart, and what is refused later is counted, too. */
@Injectable()
export class RateLimitGuard implements CanActivate {
  constructor(private readonly limits: RequestLimits) {}

  canActivate(context: ExecutionContext): true | Promise<true> {
    return this.limits.admit(context);
  }
}
