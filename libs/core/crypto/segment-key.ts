import {
  createCipheriv,
  createDecipheriv,
  hkdfSync,
  type CipherGCM,
  type CipherGCMTypes,
  type DecipherGCM,
} from 'node:crypto';
import { MAX_SEGMENTS, NONCE_PREFIX_BYTES, TAG_BYTES, type SegmentFormat } from './segment-format';
import { wipe } from './wipe';

export interface SegmentKeyOptions {
  /** The data encryption key: input of the derivation, never an AES key itself. */
  dek: Uint8Array;
  /** What the ciphertext is bound to; enters as the HKDF info. */
  aad: Uint8Array;
  salt: Uint8Array;
  noncePrefix: Uint8Array;
  format: SegmentFormat;
}

/** The derived AES key and the nonces of one ciphertext. */
export class SegmentKey {
  #key: Buffer | null;
  readonly #nonce = Buffer.alloc(12);
  readonly #algorithm: CipherGCMTypes;

  constructor({ dek, aad, salt, noncePrefix, format }: SegmentKeyOptions) {
    if (dek.length < format.derivedKeySize)
      throw new RangeError('The data key is shorter than the derived key.');
    if (salt.length !== format.derivedKeySize)
      throw new RangeError('The salt is as long as the derived key.');
    if (noncePrefix.length !== NONCE_PREFIX_BYTES) throw new RangeError('The nonce prefix has 7 bytes.');
    this.#key = Buffer.from(hkdfSync(format.hkdfHash, dek, salt, aad, format.derivedKeySize));
    this.#nonce.set(noncePrefix);
    this.#algorithm = format.derivedKeySize === 32 ? 'aes-256-gcm' : 'aes-128-gcm';
  }

  /** A cipher for one segment. A nonce must meet one plaintext only, so ask once for each segment. */
  cipher(index: number, last: boolean): CipherGCM {
    return createCipheriv(this.#algorithm, this.#aesKey(), this.#nonceOf(index, last), {
      authTagLength: TAG_BYTES,
    });
  }

  decipher(index: number, last: boolean): DecipherGCM {
    return createDecipheriv(this.#algorithm, this.#aesKey(), this.#nonceOf(index, last), {
      authTagLength: TAG_BYTES,
    });
  }

  /** Overwrites the derived key; ciphers that were handed out go on. */
  dispose(): void {
    if (this.#key !== null) wipe(this.#key);
    this.#key = null;
  }

  #aesKey(): Buffer {
    if (this.#key === null) throw new Error('The key was disposed of.');
    return this.#key;
  }

  #nonceOf(index: number, last: boolean): Buffer {
    if (index >= MAX_SEGMENTS) throw new RangeError('The segment counter is exhausted.');
    this.#nonce.writeUInt32BE(index, NONCE_PREFIX_BYTES);
    this.#nonce[11] = last ? 1 : 0;
    return this.#nonce;
  }
}
