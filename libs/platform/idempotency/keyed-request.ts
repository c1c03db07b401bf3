import type { Request } from 'express';
import { sha256 } from '@waybill/core/crypto';
import { AppError, type Principal } from '@waybill/core/kernel';
import { addressKey } from '@waybill/platform/http';

export const IDEMPOTENCY_KEY = 'Idempotency-Key';
export const KEY_MAX_CHARACTERS = 255;
/** Visible ASCII: no space, so that a header that was sent twice (joined by ", ") is no key. */
const KEY = new RegExp(`^[\\x21-\\x7e]{1,${KEY_MAX_CHARACTERS}}$`);

/** A request with a key, reduced to what is compared. */
export interface KeyedRequest {
  scope: string;
  keyHash: Buffer;
  operation: Buffer;
}

/**
 * Reads the key of a request; null when it has none. A key is the caller's own: a user's, whatever session or API key
 * it comes through, or that of an address block (IPv4 address, IPv6 /64) where nobody is known.
 *
 * @param caller undefined on public routes.
 * @throws AppError VALIDATION_FAILED naming the header.
 */
export function keyedRequest(request: Request, caller: Principal | undefined): KeyedRequest | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw new AppError('VALIDATION_FAILED', 'The Idempotency-Key is not valid.', {
      errors: [
        {
          pointer: IDEMPOTENCY_KEY,
          detail: `must be one value of 1 to ${KEY_MAX_CHARACTERS} visible ASCII characters`,
        },
      ],
    });
  }
  return {
    scope: caller === undefined ? `address:${addressKey(request.ip)}` : `user:${caller.userId}`,
    keyHash: sha256(key),
    operation: sha256(`${request.method} ${request.originalUrl}`),
  };
}
