import { AppError } from '@waybill/core/kernel';

/**
 * The one answer to stored bytes that are not what was stored. It says nothing of which check failed: neither a caller
 * nor an attacker has a use for it.
 */
export function integrityFailure(cause?: unknown): AppError {
  return new AppError('INTEGRITY_FAILURE', 'The stored data did not pass its integrity check.', { cause });
}
