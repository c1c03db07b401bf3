import { releaseMemory } from '@waybill/core/kernel';
import { integrityFailure } from './integrity-failure';
import { AES256_GCM_HKDF_1MB, NONCE_PREFIX_BYTES, TAG_BYTES, type SegmentFormat } from './segment-format';
import { SegmentKey } from './segment-key';
import {
  plaintextSize,
  segmentCount,
  segmentPlaintextRange,
  segmentRange,
  type ByteRange,
} from './segment-layout';

// Measured: fresh 128 KiB results are the fastest to hand on, 64 KiB ones (still in the cache) the fastest to copy.
const CHUNK_BYTES = 128 * 1024;
const COPY_BYTES = 64 * 1024;

export interface SegmentDecryptorOptions {
  /** The data encryption key. Read here and not kept. */
  key: Uint8Array;
  /** What the ciphertext was bound to. */
  aad: Uint8Array;
  /** The first `format.headerBytes` bytes of the ciphertext. */
  header: Uint8Array;
  /** The size of the whole ciphertext, from a source that an attacker of the bytes cannot change. */
  sealedBytes: number;
  format?: SegmentFormat;
}

/**
 * Decrypts the segments of one ciphertext in any order. No byte is handed out before its segment's tag was verified,
 * and only canonical ciphertexts are opened: a size that no encryptor produces, a cut, an extension, a segment in
 * another's place, and another key, salt or associated data all end in `INTEGRITY_FAILURE`.
 *
 * Whoever reads an empty plaintext must still decrypt its one segment: nothing else verifies it.
 */
export class SegmentDecryptor {
  readonly plaintextBytes: number;
  readonly segmentCount: number;
  readonly #sealedBytes: number;
  readonly #format: SegmentFormat;
  readonly #key: SegmentKey;

  /** @throws AppError `INTEGRITY_FAILURE` when header or size cannot be those of a canonical ciphertext. */
  static open({
    key,
    aad,
    header,
    sealedBytes,
    format = AES256_GCM_HKDF_1MB,
  }: SegmentDecryptorOptions): SegmentDecryptor {
    const plaintextBytes = plaintextSize(sealedBytes, format);
    if (header.length !== format.headerBytes || header[0] !== format.headerBytes) throw integrityFailure();
    const segmentKey = new SegmentKey({
      dek: key,
      aad,
      salt: header.subarray(1, -NONCE_PREFIX_BYTES),
      noncePrefix: header.subarray(-NONCE_PREFIX_BYTES),
      format,
    });
    return new SegmentDecryptor(segmentKey, format, sealedBytes, plaintextBytes);
  }

  private constructor(key: SegmentKey, format: SegmentFormat, sealedBytes: number, plaintextBytes: number) {
    this.#key = key;
    this.#format = format;
    this.#sealedBytes = sealedBytes;
    this.plaintextBytes = plaintextBytes;
    this.segmentCount = segmentCount(sealedBytes, format);
  }

  /** Which bytes of the ciphertext `decryptSegment` wants for this index. */
  segmentRange(index: number): ByteRange {
    return segmentRange(index, this.#sealedBytes, this.#format);
  }

  /** Which bytes of the plaintext this segment holds. */
  segmentPlaintextRange(index: number): ByteRange {
    return segmentPlaintextRange(index, this.#sealedBytes, this.#format);
  }

  /**
   * Decrypts one segment into chunks of at most 128 KiB, each freshly allocated: the fastest shape when the bytes are
   * handed on.
   *
   * @param sealed the segment with its tag, as `segmentRange(index)` cuts it.
   * @throws AppError `INTEGRITY_FAILURE`.
   */
  decryptSegmentChunks(index: number, sealed: Buffer): Buffer[] {
    const chunks: Buffer[] = [];
    this.#decrypt(index, sealed, CHUNK_BYTES, (chunk) => chunks.push(chunk));
    return chunks;
  }

  /**
   * Decrypts one segment into one buffer, the caller's where it gives one: memory that can be used again and again.
   *
   * @returns the plaintext, a view of `into`. Should the segment prove false, what was written there is overwritten.
   * @throws AppError `INTEGRITY_FAILURE`; RangeError when `into` is too small.
   */
  decryptSegment(index: number, sealed: Buffer, into?: Buffer): Buffer {
    const { start, end } = this.segmentPlaintextRange(index);
    const plaintext = (into ?? Buffer.allocUnsafe(end - start)).subarray(0, end - start);
    if (plaintext.length < end - start) throw new RangeError('The buffer cannot hold the segment.');
    let at = 0;
    try {
      this.#decrypt(index, sealed, COPY_BYTES, (piece) => {
        plaintext.set(piece, at);
        at += piece.length;
        releaseMemory(piece);
      });
    } catch (error) {
      plaintext.fill(0, 0, at);
      throw error;
    }
    return plaintext;
  }

  /** Forgets the derived key. Nothing can be decrypted afterwards. */
  dispose(): void {
    this.#key.dispose();
  }

  /** `take` sees bytes that are not verified yet: it may collect them, and nothing more, until this returns. */
  #decrypt(index: number, sealed: Buffer, step: number, take: (piece: Buffer) => void): void {
    const { start, end } = this.segmentRange(index);
    if (sealed.length !== end - start) throw integrityFailure();
    const bodyBytes = sealed.length - TAG_BYTES;
    const decipher = this.#key.decipher(index, index === this.segmentCount - 1);
    decipher.setAuthTag(sealed.subarray(bodyBytes));
    for (let at = 0; at < bodyBytes; at += step) {
      take(decipher.update(sealed.subarray(at, Math.min(at + step, bodyBytes))));
    }
    try {
      decipher.final();
    } catch (cause) {
      throw integrityFailure(cause);
    }
  }
}
