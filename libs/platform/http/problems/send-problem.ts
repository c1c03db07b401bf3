import { Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { AppError, ErrorCode, FieldError } from '@waybill/core/kernel';
import { maskPath } from '@waybill/platform/observability';
import { lingerAfterAnswer } from '../request/lingering-close';
import { classify, type Classified } from './classify';
import { PROBLEMS, problemSlug } from './problem-catalogue';

/** The body of every refusal: RFC 9457 with Waybill's extensions. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: ErrorCode;
  requestId: string;
  errors?: FieldError[];
}

const logger = new Logger('Problem');
const CODE = Symbol('problem code');

/** Headers that a route may have set for the answer that it then could not give. */
const BELONG_TO_SUCCESS = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Length',
  'Content-Range',
  'ETag',
  'Last-Modified',
  'Location',
  'Repr-Digest',
  'X-Cache',
];

/**
 * Answers a request with what went wrong. When the answer has begun already, nothing can be said any more: the
 * connection is destroyed, so that nobody takes the part for the whole.
 */
export function sendProblem(request: Request, response: Response, thrown: unknown, publicUrl: string): void {
  const classified = classify(thrown);
  if (request.socket.destroyed || response.destroyed) {
    logger.debug('The client was gone before its answer', thrown);
    return;
  }
  report(classified, thrown);
  if (response.headersSent) {
    // The end of a whole answer is no truncation; there is nothing left to cut.
    if (!response.writableEnded) request.socket.destroy();
    return;
  }
  write(request, response, classified.error, publicUrl);
}

/** The code of the problem that a request was answered with. */
export function problemCodeOf(response: object): ErrorCode | undefined {
  return (response as { [CODE]?: ErrorCode })[CODE];
}

function report({ error, log }: Classified, thrown: unknown): void {
  if (log === 'nothing') return;
  const what = thrown instanceof Error ? thrown : new Error(`thrown: ${typeof thrown}`);
  if (log === 'warn') logger.warn(`Answered ${error.code}`, what);
  else logger.error(`Answered ${error.code}`, what);
}

function write(request: Request, response: Response, error: AppError, publicUrl: string): void {
  const { status, title } = PROBLEMS[error.code];
  const requestId = String(response.getHeader('X-Request-Id') ?? '');
  const body: ProblemBody = {
    type: `${publicUrl}/api/problems/${problemSlug(error.code)}`,
    title,
    status,
    detail: error.message,
    instance: maskPath(request.originalUrl),
    code: error.code,
    requestId,
    ...(error.errors === undefined ? {} : { errors: error.errors }),
  };
  for (const name of BELONG_TO_SUCCESS) response.removeHeader(name);
  response.statusCode = status;
  if (status === 460) response.statusMessage = 'Checksum Mismatch'; // tus 1.0.0; not in the registry
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="waybill"');
  if (error.retryAfterSeconds !== undefined) {
    response.setHeader('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterSeconds))));
  }
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Type', 'application/problem+json');
  for (const [name, value] of Object.entries(error.headers ?? {})) response.setHeader(name, value);
  (response as { [CODE]?: ErrorCode })[CODE] = error.code;
  if (!request.complete && response.getHeader('Connection') === 'close') lingerAfterAnswer(request);
  response.end(JSON.stringify(body));
}
