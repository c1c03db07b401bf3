import type { ErrorCode } from '@waybill/core/kernel';

/** How a code is answered, and what its page tells the person who meets it. */
export interface ProblemKind {
  status: number;
  /** Short, and the same for every occurrence (RFC 9457, section 3.1.3). */
  title: string;
  /** What it means and what to do. */
  explanation: string;
}

/** The one place where a code meets HTTP. A new code does not compile until it has its row. */
export const PROBLEMS = {
  VALIDATION_FAILED: {
    status: 400,
    title: 'The request is not valid',
    explanation:
      'One or more fields, parameters or headers break a rule. "errors" names each: "pointer" is a JSON Pointer into the body, or the name of a parameter, part or header. Correct them and send the request again.',
  },
  MALFORMED_BODY: {
    status: 400,
    title: 'The body cannot be read',
    explanation:
      'The body is not what its Content-Type says: broken JSON, not UTF-8, not an object, nested too deeply, or a broken multipart form.',
  },
  INVALID_TOKEN: {
    status: 400,
    title: 'The link is not valid',
    explanation:
      'The token of a confirmation, reset or invitation was used before, has expired, or was not copied whole. Ask for a new one.',
  },
  UNAUTHENTICATED: {
    status: 401,
    title: 'Authentication is needed',
    explanation:
      'The request has no valid credential of the kind that this route takes. Send "Authorization: Bearer <access token>"; when the access token has expired, refresh it or log in again.',
  },
  INVALID_CREDENTIALS: {
    status: 401,
    title: 'The credentials are wrong',
    explanation: 'E-mail and password do not belong together. The answer is the same for an unknown e-mail.',
  },
  EMAIL_NOT_VERIFIED: {
    status: 403,
    title: 'The e-mail address is not confirmed',
    explanation:
      'The password is right, but the account waits for the confirmation of its address. Follow the link in the mail, or have it sent again.',
  },
  SIGNUP_CLOSED: {
    status: 403,
    title: 'Signing up is not open',
    explanation: 'Accounts here are made by invitation, or for certain mail domains only.',
  },
  FORBIDDEN: {
    status: 403,
    title: 'This is not allowed',
    explanation: 'Your role may not use this route, or may see this resource but not change it.',
  },
  NOT_FOUND: {
    status: 404,
    title: 'Not found',
    explanation:
      'There is no such resource, or none that you may know of; the two are not told apart. Malformed ids count as unknown.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'The method is not allowed here',
    explanation: 'The address exists, but not with this method. "Allow" lists those that it knows.',
  },
  CONFLICT: {
    status: 409,
    title: 'The request conflicts with the current state',
    explanation:
      'Something else happened first, or an id is already in use. Read the resource again, then decide.',
  },
  EMAIL_TAKEN: {
    status: 409,
    title: 'The e-mail address has an account',
    explanation: 'Log in, or reset the password.',
  },
  FILE_NOT_READY: {
    status: 409,
    title: 'The file is not ready yet',
    explanation: 'It is still being received or encrypted. Try again after the seconds in "Retry-After".',
  },
  UPLOAD_NOT_CANCELLABLE: {
    status: 409,
    title: 'The upload cannot be cancelled any more',
    explanation: 'It has completed or failed. Delete a completed file instead.',
  },
  OFFSET_MISMATCH: {
    status: 409,
    title: 'The offset is not where the upload stands',
    explanation: 'Ask for the current Upload-Offset with HEAD and go on from there.',
  },
  REQUEST_IN_PROGRESS: {
    status: 409,
    title: 'The same request is still running',
    explanation: 'A request with this Idempotency-Key has not been answered yet. Try again shortly.',
  },
  GONE: {
    status: 410,
    title: 'No longer available',
    explanation: 'The link or file has expired, was revoked, or has been delivered as often as it may be.',
  },
  PRECONDITION_FAILED: {
    status: 412,
    title: 'A precondition failed',
    explanation: 'The resource is not in the version that "If-Match" names. Read it again.',
  },
  FILE_TOO_LARGE: {
    status: 413,
    title: 'Too large',
    explanation: 'The file, or the body of the request, is greater than what this route takes.',
  },
  QUOTA_EXCEEDED: {
    status: 413,
    title: 'The storage quota is used up',
    explanation: 'Storing this would exceed what your account may keep. Delete files, or ask for more.',
  },
  UNSUPPORTED_FILE_TYPE: {
    status: 415,
    title: 'This type is not accepted',
    explanation:
      'The extension or declared type of the file is not among those accepted, or the Content-Type of the request is not the one that this route reads.',
  },
  CONTENT_MISMATCH: {
    status: 415,
    title: 'The content is not what its name says',
    explanation:
      'Extension, declared type and content of the file disagree, or it holds something that its kind must not (macros, say).',
  },
  RANGE_NOT_SATISFIABLE: {
    status: 416,
    title: 'The range lies outside of the file',
    explanation: '"Content-Range" of the answer tells the size.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    explanation: 'A key stands for one request with one body. Use a new key for a new request.',
  },
  UPLOAD_LOCKED: {
    status: 423,
    title: 'The upload is busy',
    explanation: 'Another request is writing to this upload. Try again when it has ended.',
  },
  RATE_LIMITED: {
    status: 429,
    title: 'Too many requests',
    explanation: 'Wait for the seconds in "Retry-After"; "RateLimit-Policy" tells the rule.',
  },
  CHECKSUM_MISMATCH: {
    status: 460,
    title: 'The checksum does not match',
    explanation:
      'The bytes that arrived are not those that Upload-Checksum describes; they were dropped. Send them again.',
  },
  INTEGRITY_FAILURE: {
    status: 500,
    title: 'The stored file is damaged',
    explanation:
      'Its bytes failed verification, so none of the wrong ones were sent. The operators have been told.',
  },
  INTERNAL: {
    status: 500,
    title: 'Something went wrong here',
    explanation: 'The cause is logged under the request id; please name it when you report this.',
  },
  KEY_UNAVAILABLE: {
    status: 503,
    title: 'The encryption key is not available',
    explanation: 'The key that protects this file cannot be reached at the moment. Try again later.',
  },
  DEPENDENCY_UNAVAILABLE: {
    status: 503,
    title: 'A part of the service is not available',
    explanation:
      'Something that the service needs does not answer. Try again after the seconds in "Retry-After".',
  },
  STORAGE_FULL: {
    status: 507,
    title: 'The storage is full',
    explanation:
      'The service has no room for more bytes. Nothing was stored; the operators have to make room.',
  },
} as const satisfies Record<ErrorCode, ProblemKind>;

/** The last part of a problem's address: `NOT_FOUND` is `not-found`. */
export function problemSlug(code: ErrorCode): string {
  return code.toLowerCase().replaceAll('_', '-');
}
