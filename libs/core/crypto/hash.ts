import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** SHA-256 (FIPS 180-4) of bytes that come one after the other. */
export interface Sha256 {
  update(chunk: Uint8Array): void;
  /** The 32 bytes; ends the computation. */
  digest(): Buffer;
}

export function createSha256(): Sha256 {
  const hash = createHash('sha256');
  return {
    update: (chunk) => void hash.update(chunk),
    digest: () => hash.digest(),
  };
}

export type ChecksumAlgorithm = 'sha1' | 'sha256';

/** Compares bytes that come one after the other with a digest that came beforehand. */
export interface ChecksumVerifier {
  update(chunk: Uint8Array): void;
  /** Whether the digest is theirs; ends the computation. */
  matches(): boolean;
}

/**
 * Finds damage done on the way. Against somebody who wants to deceive, SHA-1 (FIPS 180-4) proves nothing.
 *
 * @throws RangeError when the digest has not the algorithm's length.
 */
export function createChecksumVerifier(algorithm: ChecksumAlgorithm, digest: Uint8Array): ChecksumVerifier {
  const hash = createHash(algorithm);
  if (digest.length !== CHECKSUM_BYTES[algorithm]) throw new RangeError('The digest has another length.');
  return {
    update: (chunk) => void hash.update(chunk),
    matches: () => hash.digest().equals(digest),
  };
}

const CHECKSUM_BYTES: Record<ChecksumAlgorithm, number> = { sha1: 20, sha256: 32 };

/** SHA-256 of bytes that are all there, or of a string's UTF-8. */
export function sha256(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

/**
 * HMAC-SHA256 (RFC 2104): a digest that nobody without the key can compute, for what could be guessed. Strings count as
 * their UTF-8.
 */
export function keyedHash(key: Uint8Array, data: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/**
 * Whether two values are the same bytes (strings as UTF-8), in a time that tells nothing of where they differ, nor,
 * but for the cost of hashing them, of their lengths.
 */
export function constantTimeEqual(a: string | Uint8Array, b: string | Uint8Array): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}
