import type { Response } from 'express';
import { AppError, isAppError, type ErrorCode, type FieldError } from '@waybill/core/kernel';
import { PROBLEMS } from '@waybill/platform/http';

/** The first answer to a key, as far as it is repeated. A refusal gets its own request id and instance each time. */
export type KeptAnswer =
  | { kind: 'success'; status: number; headers: Record<string, string>; body: string | null }
  | {
      kind: 'refusal';
      code: ErrorCode;
      detail: string;
      errors?: FieldError[];
      headers?: Record<string, string>;
    };

const REPLAYED = 'Idempotency-Replayed';
/** Headers of an answer that belong to what was made, not to the exchange. */
const KEPT_HEADERS = ['Location', 'ETag'];
/** Refusals that speak of the moment (who asks, how often, what else is going on), not of the request. */
const PASSING = new Set([401, 403, 408, 423, 429]);

export function keepSuccess(response: Response, body: unknown): KeptAnswer {
  const headers = KEPT_HEADERS.flatMap((name): [string, string][] => {
    const value = response.getHeader(name);
    return value === undefined ? [] : [[name, String(value)]];
  });
  return {
    kind: 'success',
    status: response.statusCode,
    headers: Object.fromEntries(headers),
    body: body === undefined ? null : JSON.stringify(body),
  };
}

/**
 * A refusal as it is kept; null for one that is not: what failed here (5xx), what passes by itself, and what asks to be
 * tried again.
 */
export function keepRefusal(error: unknown): KeptAnswer | null {
  if (!isAppError(error) || error.retryAfterSeconds !== undefined) return null;
  const { status } = PROBLEMS[error.code];
  if (status >= 500 || PASSING.has(status)) return null;
  const { code, message: detail, errors, headers } = error;
  return { kind: 'refusal', code, detail, errors, headers };
}

/** Gives the answer again: sets status and headers and returns the body, or throws the refusal. */
export function replay(answer: KeptAnswer, response: Response): unknown {
  response.setHeader(REPLAYED, 'true');
  if (answer.kind === 'refusal') {
    const { code, detail, errors, headers } = answer;
    throw new AppError(code, detail, { errors, headers });
  }
  response.status(answer.status);
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  return answer.body === null ? undefined : JSON.parse(answer.body);
}
