import { SegmentDecryptor } from '../segment-decryptor';
import { SegmentEncryptor, type SegmentEncryptorOptions } from '../segment-encryptor';
import { AES256_GCM_HKDF_1MB, type SegmentFormat } from '../segment-format';
import { segmentCount, segmentRange } from '../segment-layout';

/** The ciphertext of chunks that are pushed one after the other. */
export function seal(options: SegmentEncryptorOptions, ...chunks: Buffer[]): Buffer {
  const encryptor = new SegmentEncryptor(options);
  return Buffer.concat([...chunks.flatMap((chunk) => encryptor.update(chunk)), ...encryptor.final()]);
}

export interface OpenOptions {
  key: Uint8Array;
  aad: Uint8Array;
  format?: SegmentFormat;
}

/** The plaintext of a whole ciphertext, by both shapes of the decryptor, which must agree. */
export function unseal({ key, aad, format = AES256_GCM_HKDF_1MB }: OpenOptions, sealed: Buffer): Buffer {
  const header = sealed.subarray(0, format.headerBytes);
  const decryptor = SegmentDecryptor.open({ key, aad, format, header, sealedBytes: sealed.length });
  const parts: Buffer[] = [];
  for (let index = 0; index < decryptor.segmentCount; index++) {
    const { start, end } = decryptor.segmentRange(index);
    const segment = sealed.subarray(start, end);
    const chunks = Buffer.concat(decryptor.decryptSegmentChunks(index, segment));
    if (!decryptor.decryptSegment(index, segment).equals(chunks)) throw new Error('The shapes disagree.');
    parts.push(chunks);
  }
  return Buffer.concat(parts);
}

/** The pieces of a ciphertext, so that tests can put them together wrongly. */
export function takeApart(
  sealed: Buffer,
  format: SegmentFormat = AES256_GCM_HKDF_1MB,
): { header: Buffer; segments: Buffer[] } {
  const segments = Array.from({ length: segmentCount(sealed.length, format) }, (_, index) => {
    const { start, end } = segmentRange(index, sealed.length, format);
    return sealed.subarray(start, end);
  });
  return { header: sealed.subarray(0, format.headerBytes), segments };
}

/** Bytes that differ from place to place, the same on every run. */
export function pattern(bytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (167 * i + 13 * (i >> 8) + 7) & 0xff));
}
