import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AppError, type Principal, type Role } from '@waybill/core/kernel';
import { ROLES_ALLOWED, type AuthenticatedRequest } from '@waybill/platform/http';

/** Refuses whoever has none of the route's `@Roles()`. Comes after the authentication guard. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const roles = this.reflector.getAllAndOverride<Role[] | undefined>(ROLES_ALLOWED, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (roles === undefined) return true;
    const { user } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (user !== undefined && hasRole(user, roles)) return true;
    throw new AppError('FORBIDDEN', 'Your role may not do this.');
  }
}

/** An admin may whatever ops may. */
function hasRole({ role }: Principal, roles: Role[]): boolean {
  return roles.includes(role) || (role === 'admin' && roles.includes('ops'));
}
