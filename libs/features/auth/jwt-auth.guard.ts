import type { IncomingMessage } from 'node:http';
import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { AppError, type Principal } from '@waybill/core/kernel';
import { PUBLIC, RequestLimits, type AuthenticatedRequest } from '@waybill/platform/http';
import { setRequestUser } from '@waybill/platform/observability';
import { ApiKeys } from './api-keys.service';
import { unauthenticated } from './auth.errors';
import { bearerApiKey } from './bearer';

/** Every route needs a good access token or API key, unless it is marked `@Public()`. */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  constructor(
    private readonly reflector: Reflector,
    private readonly apiKeys: ApiKeys,
    private readonly limits: RequestLimits,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const open = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (open === true) return true;
    try {
      return await this.authenticate(context);
    } catch (error) {
      // Who is not known is counted by address, and no guard comes after this one.
      if (error instanceof AppError && error.code === 'UNAUTHENTICATED') await this.limits.admit(context);
      throw error;
    }
  }

  private async authenticate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<IncomingMessage & AuthenticatedRequest>();
    const apiKey = bearerApiKey(request);
    if (apiKey === null) return (await super.canActivate(context)) === true;
    const principal = await this.apiKeys.principal(apiKey);
    request.user = this.handleRequest(null, principal);
    return true;
  }

  /** A failing database is no reason to say "unauthenticated": its error goes its own way. */
  override handleRequest<P = Principal>(error: unknown, principal: P | null | false): P {
    if (error) throw error;
    if (!principal) throw unauthenticated();
    setRequestUser((principal as unknown as Principal).userId);
    return principal;
  }
}
