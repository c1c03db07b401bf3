import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { AuthenticatedRequest } from '@waybill/platform/http';
import { canonicalJson } from './canonical-json';
import { EarlierAnswer, IdempotencyKeys } from './idempotency-keys';
import { keyedRequest, type KeyedRequest } from './keyed-request';

/**
 * Carries a request with an Idempotency-Key out once. Stands between the guards (who asks is known, the JSON is read) and
 * the pipes, so that a body that is not valid is an answer like any other.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly keys: IdempotencyKeys) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const keyed = keyedRequest(request, http.getRequest<AuthenticatedRequest>().user);
    // Without a body that was read there is nothing to compare; the pipe refuses the request.
    if (keyed === null || request.body === undefined) return next.handle();
    const carryOut = (): Promise<unknown> => lastValueFrom(next.handle(), { defaultValue: undefined });
    return from(this.once(keyed, request.body, http.getResponse<Response>(), carryOut));
  }

  private async once(
    keyed: KeyedRequest,
    body: unknown,
    response: Response,
    carryOut: () => Promise<unknown>,
  ): Promise<unknown> {
    const fingerprint = this.keys.fingerprint(canonicalJson(body));
    const claim = await this.keys.claim(keyed, fingerprint);
    if (claim instanceof EarlierAnswer) return claim.replay(fingerprint, response);
    return claim.answer(() => fingerprint, response, carryOut);
  }
}
