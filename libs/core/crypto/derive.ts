import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { wipe } from './wipe';

/**
 * A key for one purpose out of a secret for many: HKDF-SHA256 (RFC 5869) with the purpose in its info. Keys of
 * different purposes tell nothing of one another.
 */
export function deriveKey(secret: string | Uint8Array, purpose: string, length = 32): Buffer {
  return expand(secret, `waybill:key:v1:${purpose}`, length);
}

/** The same, as a key object: what libraries take as it is, where they would parse bytes again at every use. */
export function deriveSecretKey(secret: string | Uint8Array, purpose: string, length = 32): KeyObject {
  const key = deriveKey(secret, purpose, length);
  const object = createSecretKey(key);
  wipe(key);
  return object;
}

/**
 * The token of a thing, computed rather than kept: HMAC-SHA256 of its id under the purpose's key, 43 characters of
 * base64url. The same secret, purpose and id always give the same token, so a mail can be sent again while the database
 * has the hash alone.
 */
export function deriveToken(secret: string | Uint8Array, purpose: string, id: string): string {
  const key = expand(secret, `waybill:token:v1:${purpose}`, 32);
  const token = createHmac('sha256', key).update(id, 'utf8').digest('base64url');
  wipe(key);
  return token;
}

function expand(secret: string | Uint8Array, info: string, length: number): Buffer {
  if (secret.length === 0) throw new RangeError('A key cannot be derived from an empty secret.');
  return Buffer.from(hkdfSync('sha256', secret, '', info, length));
}
