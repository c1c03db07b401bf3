import type { ErrorCode } from '@waybill/core/kernel';

/** How a code is answered. */
export interface ProblemKind {
  status: number;
  /** Short, and the same for every occurrence (RFC 9457, section 3.1.3). */
  title: string;
}

/** The one place where a code meets HTTP. A new code does not compile until it has its row. */
export const PROBLEMS = {
  VALIDATION_FAILED: { status: 400, title: 'The request is not valid' },
  MALFORMED_BODY: { status: 400, title: 'The body cannot be read' },
  INVALID_TOKEN: { status: 400, title: 'The link is not valid' },
  UNAUTHENTICATED: { status: 401, title: 'Authentication is needed' },
  INVALID_CREDENTIALS: { status: 401, title: 'The credentials are wrong' },
  EMAIL_NOT_VERIFIED: { status: 403, title: 'The e-mail address is not confirmed' },
  SIGNUP_CLOSED: { status: 403, title: 'Signing up is not open' },
  FORBIDDEN: { status: 403, title: 'This is not allowed' },
  NOT_FOUND: { status: 404, title: 'Not found' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The method is not allowed here' },
  CONFLICT: { status: 409, title: 'The request conflicts with the current state' },
  EMAIL_TAKEN: { status: 409, title: 'The e-mail address has an account' },
  FILE_NOT_READY: { status: 409, title: 'The file is not ready yet' },
  UPLOAD_NOT_CANCELLABLE: { status: 409, title: 'The upload cannot be cancelled any more' },
  OFFSET_MISMATCH: { status: 409, title: 'The offset is not where the upload stands' },
  REQUEST_IN_PROGRESS: { status: 409, title: 'The same request is still running' },
  GONE: { status: 410, title: 'No longer available' },
  PRECONDITION_FAILED: { status: 412, title: 'A precondition failed' },
  FILE_TOO_LARGE: { status: 413, title: 'Too large' },
  QUOTA_EXCEEDED: { status: 413, title: 'The storage quota is used up' },
  UNSUPPORTED_FILE_TYPE: { status: 415, title: 'This type is not accepted' },
  CONTENT_MISMATCH: { status: 415, title: 'The content is not what its name says' },
  RANGE_NOT_SATISFIABLE: { status: 416, title: 'The range lies outside of the file' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The Idempotency-Key was used for another request' },
  UPLOAD_LOCKED: { status: 423, title: 'The upload is busy' },
  RATE_LIMITED: { status: 429, title: 'Too many requests' },
  CHECKSUM_MISMATCH: { status: 460, title: 'The checksum does not match' },
  INTEGRITY_FAILURE: { status: 500, title: 'The stored file is damaged' },
  INTERNAL: { status: 500, title: 'Something went wrong here' },
  KEY_UNAVAILABLE: { status: 503, title: 'The encryption key is not available' },
  DEPENDENCY_UNAVAILABLE: { status: 503, title: 'A part of the service is not available' },
  STORAGE_FULL: { status: 507, title: 'The storage is full' },
} as const satisfies Record<ErrorCode, ProblemKind>;

/** The last part of a problem's address: `NOT_FOUND` is `not-found`. */
export function problemSlug(code: ErrorCode): string {
  return code.toLowerCase().replaceAll('_', '-');
}
