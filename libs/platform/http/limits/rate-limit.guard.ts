import { SetMetadata, type CanActivate, type CustomDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';
import { currentRequest } from '@waybill/platform/observability';
import { addressKey } from './address-key';
import { rateLimited, rateLimitHeaders, RateLimiter, type RateLimitPolicy } from './rate-limiter';

/** Whose requests are counted together: those of an address, or of a user (of an address, where nobody is known). */
export type RateLimitSubject = 'address' | 'user';

export interface RouteRateLimit extends RateLimitPolicy {
  by: RateLimitSubject;
}

const RATE_LIMITS = Symbol('rate limits');

/** Limits how often a route, or each route of a controller, is used. Routes with the same name share their count. */
export const RateLimit = (...limits: RouteRateLimit[]): CustomDecorator<symbol> =>
  SetMetadata(RATE_LIMITS, limits);

/** Runs after authentication, so that users can be told apart, and before bodies are read. */
export class RateLimitGuard implements CanActivate {
  /** Looking metadata up takes longer than all else that an unlimited route does here. */
  private readonly known = new Map<object, RouteRateLimit[] | undefined>();

  constructor(private readonly limiter: RateLimiter) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const handler = context.getHandler();
    if (!this.known.has(handler)) this.known.set(handler, limitsOf(handler) ?? limitsOf(context.getClass()));
    const limits = this.known.get(handler);
    return limits === undefined ? true : this.count(limits, context);
  }

  private async count(limits: RouteRateLimit[], context: ExecutionContext): Promise<true> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const states = await Promise.all(
      limits.map((limit) => this.limiter.take(limit, subjectKey(limit.by, request))),
    );
    const exceeded = states.filter((state) => state.exceeded);
    if (exceeded.length > 0) throw rateLimited(exceeded);
    http.getResponse<Response>().set(rateLimitHeaders(states));
    return true;
  }
}

function limitsOf(target: object): RouteRateLimit[] | undefined {
  return Reflect.getMetadata(RATE_LIMITS, target) as RouteRateLimit[] | undefined;
}

function subjectKey(by: RateLimitSubject, request: Request): string {
  const userId = by === 'user' ? currentRequest()?.userId : undefined;
  return userId === undefined ? `address:${addressKey(request.ip)}` : `user:${userId}`;
}
