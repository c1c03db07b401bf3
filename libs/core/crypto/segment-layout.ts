import { integrityFailure } from './integrity-failure';
import { AES256_GCM_HKDF_1MB, MAX_SEGMENTS, TAG_BYTES, type SegmentFormat } from './segment-format';

/** Bytes from `start` up to, not including, `end`. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Segments from `first` up to, not including, `end`. */
export interface SegmentSpan {
  first: number;
  end: number;
}

/**
 * The size of the ciphertext of so many plaintext bytes: header, body, one tag per segment.
 *
 * @throws RangeError when it is not a size, or needs more segments than the nonce can count.
 */
export function sealedSize(plaintextBytes: number, format: SegmentFormat = AES256_GCM_HKDF_1MB): number {
  assertOffset(plaintextBytes);
  const content = format.headerBytes + plaintextBytes;
  const segments = divideUp(content, format.capacity);
  if (segments > MAX_SEGMENTS) throw new RangeError('The plaintext needs more segments than can be counted.');
  return content + segments * TAG_BYTES;
}

/**
 * The size of the plaintext within a ciphertext of so many bytes; the inverse of {@link sealedSize}.
 *
 * @throws AppError `INTEGRITY_FAILURE` for a size that no canonical ciphertext has (a cut header or tag, an empty last
 * segment after another).
 */
export function plaintextSize(sealedBytes: number, format: SegmentFormat = AES256_GCM_HKDF_1MB): number {
  assertOffset(sealedBytes);
  const segments = divideUp(sealedBytes, format.segmentSize);
  const plaintextBytes = sealedBytes - format.headerBytes - segments * TAG_BYTES;
  const lastSegmentBytes = sealedBytes - (segments - 1) * format.segmentSize;
  const emptyLast = segments > 1 && lastSegmentBytes <= TAG_BYTES;
  if (plaintextBytes < 0 || emptyLast || segments > MAX_SEGMENTS) throw integrityFailure();
  return plaintextBytes;
}

/** How many segments a ciphertext of so many bytes has: at least one. Throws like {@link plaintextSize}. */
export function segmentCount(sealedBytes: number, format: SegmentFormat = AES256_GCM_HKDF_1MB): number {
  plaintextSize(sealedBytes, format);
  return divideUp(sealedBytes, format.segmentSize);
}

/** The index of the segment that holds the plaintext byte at this offset. */
export function segmentForOffset(
  plaintextOffset: number,
  format: SegmentFormat = AES256_GCM_HKDF_1MB,
): number {
  assertOffset(plaintextOffset);
  return divideDown(plaintextOffset + format.headerBytes, format.capacity);
}

/** The only segments that hold bytes of a plaintext range; none for an empty range. */
export function segmentsForRange(
  { start, end }: ByteRange,
  format: SegmentFormat = AES256_GCM_HKDF_1MB,
): SegmentSpan {
  const first = segmentForOffset(start, format);
  return { first, end: end <= start ? first : segmentForOffset(end - 1, format) + 1 };
}

/**
 * Where a segment (with its tag, without the header) lies in a ciphertext of so many bytes.
 *
 * @throws RangeError when there is no such segment.
 */
export function segmentRange(
  index: number,
  sealedBytes: number,
  format: SegmentFormat = AES256_GCM_HKDF_1MB,
): ByteRange {
  assertSegment(index, segmentCount(sealedBytes, format));
  return {
    start: index === 0 ? format.headerBytes : index * format.segmentSize,
    end: Math.min((index + 1) * format.segmentSize, sealedBytes),
  };
}

/** Which bytes of the plaintext a segment holds, in a ciphertext of so many bytes. Throws like {@link segmentRange}. */
export function segmentPlaintextRange(
  index: number,
  sealedBytes: number,
  format: SegmentFormat = AES256_GCM_HKDF_1MB,
): ByteRange {
  const sealed = segmentRange(index, sealedBytes, format);
  const start = index === 0 ? 0 : index * format.capacity - format.headerBytes;
  return { start, end: start + (sealed.end - sealed.start - TAG_BYTES) };
}

function assertOffset(bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw new RangeError('Not a number of bytes.');
}

function assertSegment(index: number, count: number): void {
  if (!Number.isSafeInteger(index) || index < 0 || index >= count)
    throw new RangeError('There is no such segment.');
}

// Through the remainder, because a floating-point quotient rounds when sizes come near 2^53.
function divideDown(dividend: number, divisor: number): number {
  return (dividend - (dividend % divisor)) / divisor;
}

function divideUp(dividend: number, divisor: number): number {
  return divideDown(dividend, divisor) + (dividend % divisor === 0 ? 0 : 1);
}
