import type { ErrorCode } from './error-codes';

/** One wrong field of a request. `pointer` is a JSON Pointer (RFC 6901) or the name of a part or parameter. */
export interface FieldError {
  pointer: string;
  detail: string;
}

export interface AppErrorOptions {
  /** What went wrong beneath; logged, never answered. */
  cause?: unknown;
  /** The wrong fields, for `VALIDATION_FAILED`. */
  errors?: FieldError[];
  /** When another try may succeed, in seconds. */
  retryAfterSeconds?: number;
  /** Response headers that belong to this refusal (`Content-Range` of a 416, say). */
  headers?: Record<string, string>;
}

/**
 * The one error that Waybill throws on purpose. `code` is for machines and stable; `message` is for the person who
 * reads the answer and never contains a secret, a path or SQL. HTTP is chosen elsewhere, at one edge.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly errors?: FieldError[];
  readonly retryAfterSeconds?: number;
  readonly headers?: Record<string, string>;

  constructor(
    readonly code: ErrorCode,
    detail: string,
    options: AppErrorOptions = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.headers = options.headers;
  }

  /** The answer for a thing that is not there, or that the caller may not know of: the two are indistinguishable. */
  static notFound(): AppError {
    return new AppError('NOT_FOUND', 'There is no such resource.');
  }
}

/** Narrows an unknown error to an `AppError` of one of the codes. */
export function isAppError(error: unknown, ...codes: ErrorCode[]): error is AppError {
  return error instanceof AppError && (codes.length === 0 || codes.includes(error.code));
}
