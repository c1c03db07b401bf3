import {
  applyDecorators,
  createParamDecorator,
  SetMetadata,
  type CustomDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { Principal, Role, Scope as KeyScope } from '@waybill/core/kernel';

export const PUBLIC = Symbol('public');
export const ROLES_ALLOWED = Symbol('roles allowed');
export const SCOPES_ACCEPTED = Symbol('scopes accepted');

/** A request after the authentication guard: `user` is who asks, and absent on public routes. */
export interface AuthenticatedRequest {
  user?: Principal;
}

/** How the OpenAPI document learns that a route is public. */
export const PUBLIC_OPERATION = 'x-public';

/** Marks a route that answers without a credential. Every other route is guarded. */
export const Public = (): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(PUBLIC, true), ApiExtension(PUBLIC_OPERATION, true));

/**
 * Who may use a route; without it, everybody who is authenticated may. An admin may use whatever ops may. The guard
 * answers others with 403.
 */
export const Roles = (...roles: Role[]): CustomDecorator<symbol> => SetMetadata(ROLES_ALLOWED, roles);

/** How the OpenAPI document tells which scopes open a route to API keys. */
const SCOPED_OPERATION = 'x-api-key-scopes';

/**
 * Opens a route to API keys that have one of these scopes. A route without it is closed to every key; people who are
 * logged in need no scope.
 */
export const Scope = (...scopes: KeyScope[]): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(SCOPES_ACCEPTED, scopes), ApiExtension(SCOPED_OPERATION, scopes));

/** Who asks, as the authentication guard found them on this very request; for routes that are not public. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { user } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (user === undefined) throw new Error('A public route has no principal.');
  return user;
});
