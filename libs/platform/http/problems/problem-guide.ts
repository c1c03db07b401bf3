import type { ErrorCode } from '@waybill/core/kernel';

/** What a person is told who meets a code. */
export interface ProblemGuide {
  meaning: string;
  /** What to do about it. */
  remedy: string;
  /** What `detail` may say. */
  example: string;
}

/** The text of the page that a problem's `type` leads to. A new code does not compile until it has its row. */
export const PROBLEM_GUIDE = {
  VALIDATION_FAILED: {
    meaning:
      'One or more fields, parameters or headers break a rule. “errors” names each of them: “pointer” is a JSON Pointer (RFC 6901) into the body, or the name of a parameter, a part of the form, or a header.',
    remedy: 'Correct what “errors” names and send the request again. The same request will be refused again.',
    example: 'The body is not valid.',
  },
  MALFORMED_BODY: {
    meaning:
      'The body is not what its Content-Type says: broken JSON, not UTF-8, not an object, nested too deeply, a broken multipart form; or it ended early.',
    remedy:
      'Look at how the body is made: that it is complete, and that Content-Type and Content-Length are those of what is sent.',
    example: 'The body is not JSON.',
  },
  INVALID_TOKEN: {
    meaning:
      'The token of a confirmation, a reset or an invitation was used before, has expired, was replaced by a newer one, or was not copied whole.',
    remedy:
      'Use the link of the newest mail, whole. Otherwise ask for a new one: resend the confirmation, ask for another reset, or be invited again.',
    example: 'The link is not valid, was used already, or has expired.',
  },
  UNAUTHENTICATED: {
    meaning:
      'The request has no valid credential of the kind that this route takes: it is missing, has expired, was revoked, or belongs elsewhere (a refresh token is no bearer token).',
    remedy:
      'Send “Authorization: Bearer …” with an access token or an API key. Access tokens live 15 minutes: trade the refresh token for a new pair, or log in again.',
    example: 'A valid credential is needed.',
  },
  INVALID_CREDENTIALS: {
    meaning:
      'E-mail address and password do not belong together. The answer is the same for an address that has no account.',
    remedy:
      'Try again, or have a link mailed to set another password. Too many wrong passwords are answered with RATE_LIMITED for a while.',
    example: 'The e-mail address or the password is wrong.',
  },
  EMAIL_NOT_VERIFIED: {
    meaning: 'The password is right, but nobody has confirmed the address of the account yet.',
    remedy:
      'Follow the link in the mail and press its button, or have the mail sent again with POST /api/auth/confirm/resend.',
    example: 'Confirm your e-mail address first.',
  },
  SIGNUP_CLOSED: {
    meaning: 'Whoever runs this service lets nobody sign up, or only people of certain mail domains.',
    remedy: 'Ask somebody who uploads here for an invitation.',
    example: 'Accounts for this address are made by invitation only.',
  },
  FORBIDDEN: {
    meaning:
      'You are known, but may not do this: your role may not use the route, you can see the resource without being its owner, or your API key lacks the scope.',
    remedy:
      'Use an account or a key that may. The scopes that open a route stand in its description, as x-api-key-scopes.',
    example: 'Only its owner may do this with the file.',
  },
  NOT_FOUND: {
    meaning:
      'There is no such resource, or none that you may know of: the two are not told apart. Malformed ids count as unknown.',
    remedy:
      'Check the id, and whose credential you send. A file that was taken from you, or deleted, is answered the same.',
    example: 'There is no such resource.',
  },
  METHOD_NOT_ALLOWED: {
    meaning: 'The address exists, but not with this method.',
    remedy: 'Use one of the methods that “Allow” names.',
    example: 'This address takes GET, HEAD, PATCH, DELETE.',
  },
  CONFLICT: {
    meaning:
      'Something else happened first, an id is already in use, or the resource is in a state that does not permit this.',
    remedy: 'Read the resource again, then decide. For an upload, choose another X-Upload-Id.',
    example: 'An upload with this id exists already.',
  },
  EMAIL_TAKEN: {
    meaning: 'There is an account with this e-mail address already.',
    remedy: 'Log in, or reset the password.',
    example: 'There is an account with this e-mail address.',
  },
  FILE_NOT_READY: {
    meaning:
      'The file is still being received or encrypted. Only its owner is told so; to others it does not exist yet.',
    remedy: 'Try again after the seconds in “Retry-After”, or follow the upload until it is completed.',
    example: 'The file is still being received or encrypted.',
  },
  UPLOAD_NOT_CANCELLABLE: {
    meaning: 'The upload has completed or failed, so there is nothing left to cancel.',
    remedy: 'Delete the file instead, if it completed.',
    example: 'The upload has ended and cannot be cancelled.',
  },
  OFFSET_MISMATCH: {
    meaning: 'The bytes do not begin where the upload stands. Nothing of them was kept.',
    remedy: 'Ask for the current Upload-Offset with HEAD, and go on from there.',
    example: 'The upload stands at another offset.',
  },
  REQUEST_IN_PROGRESS: {
    meaning: 'A request with this Idempotency-Key is still being carried out.',
    remedy:
      'Try again shortly with the same key: you will get its answer. If the first request died, the key becomes free by itself.',
    example: 'A request with this Idempotency-Key is still running.',
  },
  GONE: {
    meaning:
      'The link, the file or the upload was there and has ended: it expired, was revoked or cancelled, or was delivered as often as it may be.',
    remedy: 'Ask for a new link, or ask the owner for the file. It will not come back by trying again.',
    example: 'The link has expired.',
  },
  PRECONDITION_FAILED: {
    meaning: 'The resource is not in the version that “If-Match” names: somebody else was faster.',
    remedy: 'Read it again, decide whether your change still makes sense, and send it with the new ETag.',
    example: 'The file was changed meanwhile.',
  },
  FILE_TOO_LARGE: {
    meaning:
      'The file, or the body of the request, is greater than what this route takes. Nothing of it was kept.',
    remedy: 'Send something smaller. Who runs the service sets the limit for files.',
    example: 'The file may have at most 104857600 bytes.',
  },
  QUOTA_EXCEEDED: {
    meaning: 'Storing this would exceed what your account may keep. Unfinished uploads count, too.',
    remedy: 'Delete files, cancel uploads that you have given up, or ask an admin for more.',
    example: 'There is no room left in your storage quota.',
  },
  UNSUPPORTED_FILE_TYPE: {
    meaning:
      'The extension or the declared type of the file is not among those that are accepted here, or the Content-Type of the request is not the one that this route reads.',
    remedy:
      'Convert the file, or correct the Content-Type. The types that are accepted are a setting of the service.',
    example: 'Files of this type are not accepted.',
  },
  CONTENT_MISMATCH: {
    meaning:
      'Extension, declared type and content of the file disagree, or it holds something that its kind must not: macros under a name without them, say. Nothing of it was kept.',
    remedy: 'Check that the file opens, and save it again under the extension of what it is.',
    example: 'The content is not that of a docx file.',
  },
  RANGE_NOT_SATISFIABLE: {
    meaning: 'The range that was asked for lies outside of the file.',
    remedy:
      '“Content-Range” of the answer tells the size. A download that already has all bytes is complete.',
    example: 'The file has 48213 bytes.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    meaning:
      'The key was used within 24 hours for another request: a key stands for one address with one body.',
    remedy: 'Use a new key for a new request; repeat a request with its own key and the very same body.',
    example: 'This Idempotency-Key was used for another request.',
  },
  UPLOAD_LOCKED: {
    meaning: 'Another request is writing to this upload at the moment.',
    remedy: 'Try again when it has ended; ask for the Upload-Offset first.',
    example: 'Another request is writing to this upload.',
  },
  RATE_LIMITED: {
    meaning:
      'You, or others at your address, have asked too often. “RateLimit-Policy” tells the rule where a route counts.',
    remedy: 'Wait for the seconds in “Retry-After”, and add a little chance to it.',
    example: 'Too many requests. Try again in 12 seconds.',
  },
  CHECKSUM_MISMATCH: {
    meaning:
      'The bytes that arrived are not those that Upload-Checksum describes. They were dropped; the offset is where it was.',
    remedy: 'Send them again from the current Upload-Offset.',
    example: 'The bytes are not those that the checksum describes.',
  },
  INTEGRITY_FAILURE: {
    meaning:
      'The stored bytes failed their verification. None of the wrong ones were sent, and the operators have been told.',
    remedy: 'Ask the owner for the file again, and name the request id to the operators.',
    example: 'The stored file is damaged and cannot be handed out.',
  },
  INTERNAL: {
    meaning: 'The service failed where it should not. The cause is in its log, under the request id.',
    remedy:
      'Try again later; name the request id when you report it. A POST is safe to repeat with an Idempotency-Key.',
    example: 'Something went wrong on our side.',
  },
  KEY_UNAVAILABLE: {
    meaning:
      'The key that protects this file cannot be reached at the moment. The file itself is not harmed.',
    remedy: 'Try again later; if it stays so, tell the operators the request id.',
    example: 'The keyring cannot be read.',
  },
  DEPENDENCY_UNAVAILABLE: {
    meaning: 'Something that the service needs (its database, its storage) does not answer.',
    remedy: 'Try again after the seconds in “Retry-After”.',
    example: 'A part of the service does not answer at the moment.',
  },
  STORAGE_FULL: {
    meaning:
      'The service has no room for more bytes. What was acknowledged before is safe; this request left nothing.',
    remedy: 'Try again later. The operators have to make room.',
    example: 'The storage is full.',
  },
} as const satisfies Record<ErrorCode, ProblemGuide>;
