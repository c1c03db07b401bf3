import { randomBytes as nodeRandomBytes } from 'node:crypto';
import { sha256 } from './hash';

/** Bytes from the operating system's random generator. */
export function randomBytes(length: number): Buffer {
  return nodeRandomBytes(length);
}

/** An unguessable token, base64url without padding (RFC 4648, section 5). 32 bytes, the default, give 43 characters. */
export function randomToken(bytes = 32): string {
  return nodeRandomBytes(bytes).toString('base64url');
}

/**
 * Whether a value is base64url exactly as an encoder writes it: no padding, no foreign characters, unused bits zero, not
 * empty. Decoders forgive all of those, so that many strings would name one token.
 *
 * @param bytes how many it must decode to, where that is known.
 */
export function isCanonicalBase64url(value: unknown, bytes?: number): value is string {
  if (typeof value !== 'string' || value === '') return false;
  if (bytes !== undefined && value.length !== Math.ceil((bytes * 4) / 3)) return false;
  return Buffer.from(value, 'base64url').toString('base64url') === value;
}

/**
 * What is stored of a token: its SHA-256. A slow hash would add nothing, since tokens are random and long; the database
 * alone lets nobody in.
 */
export function hashToken(token: string): Buffer {
  return sha256(token);
}
