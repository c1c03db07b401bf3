/** The hashes that the format knows for its HKDF (RFC 5869). */
export type HkdfHash = 'sha1' | 'sha256' | 'sha512';

export interface SegmentFormatOptions {
  /** Bytes of one ciphertext segment, its tag included; the header is counted in the first. */
  segmentSize: number;
  /** Bytes of the AES key and of the salt. */
  derivedKeySize: 16 | 32;
  hkdfHash: HkdfHash;
}

/** Bytes of a GCM tag: always the full 128 bits (NIST SP 800-38D, 5.2.1.2). */
export const TAG_BYTES = 16;
/** Bytes of the random start of every nonce; a 32-bit counter and the last-segment byte complete the 12. */
export const NONCE_PREFIX_BYTES = 7;
/** The counter in the nonce has 32 bits. */
export const MAX_SEGMENTS = 2 ** 32;

/**
 * The parameters of a Tink AES-GCM-HKDF streaming ciphertext
 * (https://developers.google.com/tink/streaming-aead/aes_gcm_hkdf_streaming).
 *
 * ```
 * header  = byte(headerBytes) | salt[derivedKeySize] | noncePrefix[7]
 * AES key = HKDF(hkdfHash, ikm = DEK, salt, info = associated data, derivedKeySize)
 * segment = AES-GCM(AES key, nonce = noncePrefix | uint32be(index) | last ? 1 : 0, no AAD) | tag[16]
 * ```
 *
 * A class, so that an object of the shape cannot pass for parameters that were checked.
 *
 * @throws RangeError for parameters with which no ciphertext can exist.
 */
export class SegmentFormat {
  readonly segmentSize: number;
  readonly derivedKeySize: 16 | 32;
  readonly hkdfHash: HkdfHash;
  readonly headerBytes: number;
  /** Plaintext bytes that the first segment can hold, which shares its room with the header. */
  readonly firstCapacity: number;
  /** Plaintext bytes that every later segment can hold. */
  readonly capacity: number;

  constructor({ segmentSize, derivedKeySize, hkdfHash }: SegmentFormatOptions) {
    if (derivedKeySize !== 16 && derivedKeySize !== 32) {
      throw new RangeError('The derived key has 16 or 32 bytes.');
    }
    this.segmentSize = segmentSize;
    this.derivedKeySize = derivedKeySize;
    this.hkdfHash = hkdfHash;
    this.headerBytes = 1 + derivedKeySize + NONCE_PREFIX_BYTES;
    this.capacity = segmentSize - TAG_BYTES;
    this.firstCapacity = this.capacity - this.headerBytes;
    if (!Number.isSafeInteger(segmentSize) || segmentSize > 2 ** 31 - 1 || this.firstCapacity < 1) {
      throw new RangeError('The first segment must have room for the header, a byte and a tag.');
    }
    Object.freeze(this);
  }
}

/** What Waybill writes: Tink's AES256_GCM_HKDF_1MB key template. */
export const AES256_GCM_HKDF_1MB = new SegmentFormat({
  segmentSize: 1_048_576,
  derivedKeySize: 32,
  hkdfHash: 'sha256',
});
