import { Injectable, SetMetadata, type CustomDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';
import { currentRequest } from '@waybill/platform/observability';
import { addressKey } from './address-key';
import { LeasedLimiter } from './leased-limiter';
import {
  rateLimited,
  rateLimitHeaders,
  RateLimiter,
  type RateLimitPolicy,
  type RateLimitState,
} from './rate-limiter';

/** Whose requests are counted together: those of an address, or of a user (of an address, where nobody is known). */
export type RateLimitSubject = 'address' | 'user';

/** A limit of its own for some routes, besides the one that all share. */
export interface RouteRateLimit extends RateLimitPolicy {
  by: RateLimitSubject;
  /** Which methods count, where a handler serves several; all by default. */
  methods?: readonly string[];
}

/** What every user may ask, or every address where no user is known. API keys count as their user. */
const REQUESTS: RateLimitPolicy = { name: 'requests', points: 300, seconds: 60 };
/**
 * For what belongs to a transfer under way: a 500 MiB upload in pieces of 1 MiB is 500 requests within seconds, a player
 * asks for range after range, and who has to stop an upload must not be told to wait.
 */
const TRANSFERS: RateLimitPolicy = { name: 'transfers', points: 6000, seconds: 60 };

const RATE_LIMITS = Symbol('rate limits');
const BUDGET = Symbol('request budget');

/** Limits how often a route, or each route of a controller, is used. Routes with the same name share their count. */
export const RateLimit = (...limits: RouteRateLimit[]): CustomDecorator<symbol> =>
  SetMetadata(RATE_LIMITS, limits);

/** For whatever door lets new uploads in: sixty started a minute, through all doors together. */
export const UploadStart = (): CustomDecorator<symbol> =>
  RateLimit({ name: 'uploads', points: 60, seconds: 60, by: 'user', methods: ['POST'] });

/** For routes that a transfer under way asks again and again: they draw on a larger budget, apart from all others. */
export const Transfer = (): CustomDecorator<symbol> => SetMetadata(BUDGET, TRANSFERS);

/** For routes that must answer whatever else is going on: health, metrics. */
export const Uncounted = (): CustomDecorator<symbol> => SetMetadata(BUDGET, null);

/** Counts requests, tells the sender where he stands (`RateLimit`, `RateLimit-Policy`), and refuses. */
@Injectable()
export class RequestLimits {
  private readonly leased: LeasedLimiter;
  /** Looking metadata up takes longer than all else that happens here. */
  private readonly known = new Map<object, RouteLimits>();

  constructor(private readonly limiter: RateLimiter) {
    this.leased = new LeasedLimiter(limiter);
  }

  /** Lets a request through, or throws `RATE_LIMITED`. Waits for Redis only where nothing is known of the sender. */
  admit(context: ExecutionContext): true | Promise<true> {
    const { budget, limits } = this.limitsOf(context);
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const general = budget === null ? [] : [this.leased.take(budget, subjectKey('user', request))];
    const own = limits
      .filter(({ methods }) => methods?.includes(request.method) ?? true)
      .map((limit) => this.limiter.take(limit, subjectKey(limit.by, request)));
    if (own.length > 0 || general[0] instanceof Promise) {
      return Promise.all([...general, ...own]).then((states) => tell(response, states));
    }
    return tell(response, general as RateLimitState[]);
  }

  private limitsOf(context: ExecutionContext): RouteLimits {
    const handler = context.getHandler();
    let known = this.known.get(handler);
    if (known === undefined) {
      const from = [handler, context.getClass()];
      known = {
        budget: metadata<RateLimitPolicy | null>(BUDGET, from, REQUESTS),
        limits: metadata<RouteRateLimit[]>(RATE_LIMITS, from, []),
      };
      this.known.set(handler, known);
    }
    return known;
  }
}

interface RouteLimits {
  budget: RateLimitPolicy | null;
  limits: RouteRateLimit[];
}

function metadata<T>(key: symbol, from: object[], otherwise: T): T {
  const target = from.find((one) => Reflect.hasMetadata(key, one));
  return target === undefined ? otherwise : (Reflect.getMetadata(key, target) as T);
}

function tell(response: Response, states: RateLimitState[]): true {
  const exceeded = states.filter((state) => state.exceeded);
  if (exceeded.length > 0) throw rateLimited(exceeded);
  if (states.length > 0) {
    for (const [name, value] of Object.entries(rateLimitHeaders(states))) response.setHeader(name, value);
  }
  return true;
}

function subjectKey(by: RateLimitSubject, request: Request): string {
  const userId = by === 'user' ? currentRequest()?.userId : undefined;
  return userId === undefined ? `address:${addressKey(request.ip)}` : `user:${userId}`;
}
