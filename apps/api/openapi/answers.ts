import { STATUS_CODES } from 'node:http';
import type { ErrorCode } from '@waybill/core/kernel';
import { problemResponse, type ProblemAnswer } from '@waybill/platform/http';
import type { Answer, Operation } from './operations';

/** What the edge refuses before a route sees it: an address or a header that is none, a body of another type or size. */
export function declareRefusals({ responses, parameters, requestBody }: Operation): void {
  if (requestBody !== undefined && 'application/json' in requestBody.content) {
    refuse(responses, 400, 'VALIDATION_FAILED', 'MALFORMED_BODY');
    refuse(responses, 413, 'FILE_TOO_LARGE');
    refuse(responses, 415, 'UNSUPPORTED_FILE_TYPE');
  } else if (parameters?.length) refuse(responses, 400, 'VALIDATION_FAILED');
}

/** What holds for every route. */
export function declareAnswers({ responses, security }: Operation): void {
  if (security?.length !== 0) refuse(responses, 401, 'UNAUTHENTICATED');
  refuse(responses, 429, 'RATE_LIMITED');
  responses.default ??= { ...problemResponse(['INTERNAL']), description: 'Any other problem.' };
  for (const [status, answer] of Object.entries(responses)) {
    nameOnce(status, answer);
    if (answer.description === '') answer.description = `${STATUS_CODES[status] ?? 'Answer'}.`;
    const headers = HEADERS[status];
    if (headers !== undefined) answer.headers = { ...headers, ...answer.headers };
  }
}

/** Where several decorators speak of one status, their descriptions are strung together. */
function nameOnce(status: string, answer: Answer): void {
  const codes = Object.keys(answer.content?.['application/problem+json']?.examples ?? {});
  if (status !== 'default' && codes.length > 0) {
    answer.description = problemResponse(codes as ErrorCode[]).description;
  }
}

function refuse(responses: Operation['responses'], status: number, ...codes: ErrorCode[]): void {
  const answer: ProblemAnswer = problemResponse(codes);
  responses[status] ??= answer;
}

const seconds = (description: string) => ({ description, schema: { type: 'integer', minimum: 1 } });
const RETRY_AFTER = { 'Retry-After': seconds('Seconds to wait before another try.') };

const HEADERS: Record<string, Record<string, unknown>> = {
  429: {
    ...RETRY_AFTER,
    'RateLimit-Policy': { description: 'The rule that counted.', schema: { type: 'string' } },
    RateLimit: { description: 'What is left of it, and for how long.', schema: { type: 'string' } },
  },
  503: RETRY_AFTER,
};
