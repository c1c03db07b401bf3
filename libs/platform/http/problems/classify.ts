import { HttpException } from '@nestjs/common';
import { AppError, type ErrorCode } from '@waybill/core/kernel';
import { PROBLEMS } from './problem-catalogue';

/** An error as it is answered, and how loudly it is logged. */
export interface Classified {
  error: AppError;
  log: 'nothing' | 'warn' | 'error';
}

const RETRY_SECONDS = 2;

/** "Not now", said on purpose, is news only when something lies beneath it; a key that is missing always is. */
function loudness(error: AppError): Classified['log'] {
  const { status } = PROBLEMS[error.code];
  if (error.code === 'DEPENDENCY_UNAVAILABLE' && error.cause === undefined) return 'nothing';
  if (status === 503) return 'warn';
  return status >= 500 ? 'error' : 'nothing';
}

/**
 * Finds the answer for whatever was thrown. Only an `AppError` speaks for itself: the texts of all others may hold what
 * is nobody's business, so they are logged and answered by their kind.
 */
export function classify(thrown: unknown): Classified {
  if (thrown instanceof AppError) {
    return { error: thrown, log: loudness(thrown) };
  }
  if (isBadEscape(thrown)) return { error: badAddress(), log: 'nothing' };
  const status = httpStatus(thrown);
  if (status !== undefined) return fromStatus(status, thrown);

  const marks = collectMarks(thrown);
  if (marks.some(isDependencyLoss)) {
    return { error: generic('DEPENDENCY_UNAVAILABLE', thrown, RETRY_SECONDS), log: 'error' };
  }
  if (marks.some(({ code }) => code === 'ENOSPC' || code === 'EDQUOT')) {
    return { error: generic('STORAGE_FULL', thrown), log: 'error' };
  }
  // Validation should have caught these: worth a look, but the sender's fault all the same.
  if (marks.some(({ code }) => UNSTORABLE_VALUES.has(code))) {
    return { error: generic('VALIDATION_FAILED', thrown), log: 'warn' };
  }
  return { error: generic('INTERNAL', thrown), log: 'error' };
}

/** Appendix A of the PostgreSQL manual: bad encoding or U+0000, number out of range, bad text of a type. */
const UNSTORABLE_VALUES = new Set(['22021', '22003', '22P02', '22P05']);

/** Server going away, no connection left, statement cancelled, lock or serialization conflict: trying again helps. */
const POSTGRES_LOSS = /^(08...|57P0[1-5]|57014|53300|55P03|40001|40P01)$/;
const SOCKET_LOSS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** pg, its pool and ioredis tell these by text alone. */
const LOSS_TEXTS =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout|Connection is closed|Stream isn't writeable|Command timed out|Reached the max retries per request)/;

interface Mark {
  code: string;
  message: string;
}

function isDependencyLoss({ code, message }: Mark): boolean {
  return SOCKET_LOSS.has(code) || POSTGRES_LOSS.test(code) || LOSS_TEXTS.test(message);
}

/** Code and text of an error and of what lies beneath it: drivers and libraries wrap one another. */
function collectMarks(thrown: unknown, depth = 0): Mark[] {
  if (typeof thrown !== 'object' || thrown === null || depth > 4) return [];
  const { code, message, cause, driverError, errors } = thrown as Record<string, unknown>;
  const beneath = [cause, driverError, ...(Array.isArray(errors) ? errors.slice(0, 4) : [])];
  return [
    { code: typeof code === 'string' ? code : '', message: typeof message === 'string' ? message : '' },
    ...beneath.flatMap((inner) => collectMarks(inner, depth + 1)),
  ];
}

/** The status that Nest, Express and its helpers (http-errors) put on what they throw. */
function httpStatus(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  if (!(thrown instanceof Error)) return undefined;
  const { status, expose } = thrown as { status?: unknown; expose?: unknown };
  return typeof status === 'number' && typeof expose === 'boolean' ? status : undefined;
}

const CODE_OF_STATUS: Record<number, ErrorCode> = {
  400: 'VALIDATION_FAILED',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'MALFORMED_BODY',
  409: 'CONFLICT',
  410: 'GONE',
  412: 'PRECONDITION_FAILED',
  413: 'FILE_TOO_LARGE',
  415: 'UNSUPPORTED_FILE_TYPE',
  416: 'RANGE_NOT_SATISFIABLE',
  429: 'RATE_LIMITED',
  503: 'DEPENDENCY_UNAVAILABLE',
};

function fromStatus(status: number, thrown: unknown): Classified {
  const known = CODE_OF_STATUS[status];
  if (known === 'DEPENDENCY_UNAVAILABLE')
    return { error: generic(known, thrown, RETRY_SECONDS), log: 'error' };
  if (known !== undefined) return { error: generic(known, thrown), log: 'nothing' };
  return status >= 400 && status < 500
    ? { error: generic('VALIDATION_FAILED', thrown), log: 'warn' }
    : { error: generic('INTERNAL', thrown), log: 'error' };
}

function generic(code: ErrorCode, cause: unknown, retryAfterSeconds?: number): AppError {
  return new AppError(code, `${PROBLEMS[code].title}.`, { cause, retryAfterSeconds });
}

/** Nest wraps what Express says of a bad escape in the path. */
function isBadEscape(thrown: unknown): boolean {
  return thrown instanceof Error && (thrown instanceof URIError || thrown.cause instanceof URIError);
}

function badAddress(): AppError {
  return new AppError('VALIDATION_FAILED', 'The address is not valid.', {
    errors: [{ pointer: 'path', detail: 'must be percent-encoded UTF-8' }],
  });
}
