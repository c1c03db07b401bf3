import { AppError } from '@waybill/core/kernel';

const RETRY_SECONDS = 1;

export function requestInProgress(): AppError {
  return new AppError('REQUEST_IN_PROGRESS', 'A request with this Idempotency-Key is still running.', {
    retryAfterSeconds: RETRY_SECONDS,
  });
}

export function keyReused(): AppError {
  return new AppError(
    'IDEMPOTENCY_KEY_REUSED',
    'This Idempotency-Key was used for a request with another body or address.',
  );
}
