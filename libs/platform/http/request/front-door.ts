import type { Socket } from 'node:net';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { AppError } from '@waybill/core/kernel';
import {
  maskPath,
  parseTraceparent,
  runInRequest,
  type Drain,
  type HttpMetrics,
  type RequestContext,
  type WaybillLogger,
} from '@waybill/platform/observability';
import { problemCodeOf } from '../problems/send-problem';
import { corsPolicy } from './cors';
import { lingerBriefly } from './lingering-close';
import { requestIdFrom } from './request-id';
import { SECURITY_HEADERS } from './security-headers';

export interface FrontDoorOptions {
  logger: WaybillLogger;
  drain: Drain;
  metrics: HttpMetrics;
  corsOrigins: readonly string[];
}

/** What a connection had brought when its last request was over: the next head may have come with that. */
const counted = new WeakMap<Socket, number>();

const QUIET = /^\/api\/(health\/|metrics$)/;

/**
 * What happens to every request before anything else looks at it, in one step because each costs: id and trace, the
 * headers of every answer, cross-origin rules, and one log line when it is over.
 */
export function frontDoor({ logger, drain, metrics, corsOrigins }: FrontDoorOptions): RequestHandler {
  const cors = corsPolicy(corsOrigins);
  return (request, response, next) => {
    const context: RequestContext = {
      requestId: requestIdFrom(request.headers['x-request-id']),
      trace: parseTraceparent(request.headers.traceparent as string | undefined),
      userId: undefined,
    };
    tellWhenOver(logger, metrics, context, request, response);
    response.setHeader('X-Request-Id', context.requestId);
    for (const [name, value] of SECURITY_HEADERS) response.setHeader(name, value);
    if (drain.active) response.setHeader('Connection', 'close');
    if (cors(request, response)) return;
    runInRequest(context, () => admit(request, next));
  };
}

function admit(request: Request, next: NextFunction): void {
  // Node keeps the first of several and a proxy may have judged another: neither can be trusted.
  if (request.headers.authorization !== undefined && countHeader(request.rawHeaders, 'authorization') > 1) {
    next(new AppError('UNAUTHENTICATED', 'There is more than one Authorization header.'));
    return;
  }
  next();
}

function countHeader(rawHeaders: string[], name: string): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index]!;
    if (raw.length === name.length && raw.toLowerCase() === name) count++;
  }
  return count;
}

function tellWhenOver(
  logger: WaybillLogger,
  metrics: HttpMetrics,
  context: RequestContext,
  request: Request,
  response: Response,
): void {
  const started = performance.now();
  const { socket, method, originalUrl } = request;
  const writtenBefore = socket.bytesWritten;
  metrics.begun();
  response.on('close', () => {
    const path = maskPath(originalUrl);
    const ms = Math.round((performance.now() - started) * 100) / 100;
    const bytes = socket.bytesWritten - writtenBefore;
    const aborted = !response.writableFinished;
    const { statusCode: status } = response;
    const code = problemCodeOf(response);
    logger.request(
      {
        requestId: context.requestId,
        traceId: context.trace?.traceId,
        userId: context.userId,
        method,
        path,
        status,
        code,
        ms,
        bytes,
        aborted: aborted || undefined,
      },
      status < 400 && QUIET.test(path),
    );
    const route = (request.route as { path: string } | undefined)?.path;
    const received = socket.bytesRead - (counted.get(socket) ?? 0);
    counted.set(socket, socket.bytesRead);
    metrics.over({ method, route, status, aborted, code, ms, received, sent: bytes });
    // Node goes on reading a body that nobody wanted, for as long as it comes.
    if (!request.complete && !socket.destroyed) lingerBriefly(request);
  });
}
