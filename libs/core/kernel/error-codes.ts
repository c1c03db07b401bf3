/**
 * Every code that Waybill can answer with. The list is closed: the HTTP edge maps it exhaustively, so that a code
 * without a status does not compile, and the documentation has one page for each.
 */
export const ERROR_CODES = [
  'VALIDATION_FAILED',
  'MALFORMED_BODY',
  'INVALID_TOKEN',
  'UNAUTHENTICATED',
  'INVALID_CREDENTIALS',
  'EMAIL_NOT_VERIFIED',
  'SIGNUP_CLOSED',
  'FORBIDDEN',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'CONFLICT',
  'EMAIL_TAKEN',
  'FILE_NOT_READY',
  'UPLOAD_NOT_CANCELLABLE',
  'OFFSET_MISMATCH',
  'REQUEST_IN_PROGRESS',
  'GONE',
  'PRECONDITION_FAILED',
  'FILE_TOO_LARGE',
  'QUOTA_EXCEEDED',
  'UNSUPPORTED_FILE_TYPE',
  'CONTENT_MISMATCH',
  'RANGE_NOT_SATISFIABLE',
  'IDEMPOTENCY_KEY_REUSED',
  'UPLOAD_LOCKED',
  'RATE_LIMITED',
  'CHECKSUM_MISMATCH',
  'INTEGRITY_FAILURE',
  'INTERNAL',
  'KEY_UNAVAILABLE',
  'DEPENDENCY_UNAVAILABLE',
  'STORAGE_FULL',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];
