import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { Principal } from '@waybill/core/kernel';
import { PUBLIC } from '@waybill/platform/http';
import { setRequestUser } from '@waybill/platform/observability';
import { unauthenticated } from './auth.errors';

/** Every route needs a good access token, unless it is marked `@Public()`. */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const open = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, [
      context.getHandler(),
      context.getClass(),
    ]);
    return open === true || (await super.canActivate(context)) === true;
  }

  /** A failing database is no reason to say "unauthenticated": its error goes its own way. */
  override handleRequest<P>(error: unknown, principal: P): P {
    if (error) throw error;
    if (!principal) throw unauthenticated();
    setRequestUser((principal as unknown as Principal).userId);
    return principal;
  }
}
