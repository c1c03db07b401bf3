import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AppError, type Scope } from '@waybill/core/kernel';
import { SCOPES_ACCEPTED, type AuthenticatedRequest } from '@waybill/platform/http';

/**
 * Refuses API keys that lack the route's `@Scope()`, and all of them where the route has none: what is not opened to
 * keys is closed. Comes after the authentication guard; who is logged in needs no scope.
 */
@Injectable()
export class ScopesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const { user } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (user?.apiKey === undefined) return true;
    const accepted =
      this.reflector.getAllAndOverride<Scope[] | undefined>(SCOPES_ACCEPTED, [
        context.getHandler(),
        context.getClass(),
      ]) ?? [];
    const { scopes } = user.apiKey;
    if (accepted.some((scope) => scopes.includes(scope))) return true;
    throw insufficientScope(accepted);
  }
}

/** RFC 6750, section 3.1. */
function insufficientScope(accepted: Scope[]): AppError {
  const scope = accepted.length > 0 ? `, scope="${accepted.join(' ')}"` : '';
  const detail =
    accepted.length > 0
      ? `The API key needs the scope ${accepted.join(' or ')}.`
      : 'API keys may not do this; log in.';
  return new AppError('FORBIDDEN', detail, {
    headers: { 'WWW-Authenticate': `Bearer realm="waybill", error="insufficient_scope"${scope}` },
  });
}
