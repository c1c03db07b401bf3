import { AppError } from '@waybill/core/kernel';

/** What a request hears whose user was disabled, demoted or deleted while it was sending. */
export function noLongerAllowed(): AppError {
  return new AppError('FORBIDDEN', 'Your account may not upload any more.');
}

/** What a request hears whose upload was cancelled, failed or moved on while it was sending. */
export function noLongerOpen(): AppError {
  return new AppError('GONE', 'The upload was ended while it was running.');
}

/** What a request hears that was overtaken by another one with the same upload. */
export function writtenByAnother(): AppError {
  return new AppError(
    'UPLOAD_LOCKED',
    'Another request adds to this upload. Ask for its offset and go on from there.',
    { retryAfterSeconds: 1 },
  );
}
