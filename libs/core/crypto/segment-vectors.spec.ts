import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from './hash';
import { SegmentDecryptor } from './segment-decryptor';
import { SegmentFormat, type HkdfHash, type SegmentFormatOptions } from './segment-format';
import {
  sealedSize,
  segmentCount,
  segmentPlaintextRange,
  segmentRange,
  segmentsForRange,
} from './segment-layout';
import { pattern, seal, unseal } from './testing/whole';

interface Parameters {
  id: string;
  hkdfHash: HkdfHash;
  derivedKeySize: 16 | 32;
  segmentSize: number;
  keyHex: string;
  aadHex: string;
}

interface Vector extends Parameters {
  plaintextPattern: number;
  plaintextSize: number;
  plaintextSha256: string;
  saltHex: string;
  noncePrefixHex: string;
  ciphertextSize: number;
  ciphertextSha256: string;
  /** Absent in the 1 MB family, which the digest, head and tail pin down. */
  ciphertextHex?: string;
  ciphertextHeadHex?: string;
  ciphertextTailHex?: string;
  segments: number;
}

interface VectorFile {
  vectors: Vector[];
  ranges: {
    vector: string;
    start: number;
    endExclusive: number;
    plaintextHex: string;
    segmentsTouched: number[];
  }[];
  invalid: (Parameters & { ciphertextHex: string; expect: 'reject' | 'strict-reject' })[];
  invalidParams: { why: string; keySize: number; derivedKeySize: number; segmentSize: number }[];
}

const path = join(__dirname, '../../../test/fixtures/vectors/aes256-gcm-hkdf-streaming.json');
const { vectors, ranges, invalid, invalidParams } = JSON.parse(readFileSync(path, 'utf8')) as VectorFile;

const hex = (text: string) => Buffer.from(text, 'hex');
const parametersOf = (vector: Parameters) => ({
  key: hex(vector.keyHex),
  aad: hex(vector.aadHex),
  format: new SegmentFormat(vector),
});
const sealVector = (vector: Vector, plaintextBytes?: number) =>
  seal(
    {
      ...parametersOf(vector),
      plaintextBytes,
      salt: hex(vector.saltHex),
      noncePrefix: hex(vector.noncePrefixHex),
    },
    pattern(vector.plaintextPattern),
  );

describe('C01 published vectors of the Tink AES-GCM-HKDF streaming format', () => {
  it('are all here', () => {
    expect([vectors.length, ranges.length, invalid.length, invalidParams.length]).toEqual([40, 8, 35, 3]);
  });

  describe.each(vectors)('$id', (vector) => {
    it.each([
      ['of unknown size', undefined],
      ['of announced size', vector.plaintextSize],
    ])('encrypts a plaintext %s to the very bytes', (_, plaintextBytes) => {
      const sealed = sealVector(vector, plaintextBytes);
      expect(sha256(sealed).toString('hex')).toBe(vector.ciphertextSha256);
      expect(sealed).toHaveLength(vector.ciphertextSize);
      if (vector.ciphertextHex !== undefined) expect(sealed.toString('hex')).toBe(vector.ciphertextHex);
      else {
        const text = sealed.toString('hex');
        expect(text.startsWith(vector.ciphertextHeadHex!)).toBe(true);
        expect(text.endsWith(vector.ciphertextTailHex!)).toBe(true);
      }
    });

    it('decrypts to the plaintext', () => {
      const sealed = vector.ciphertextHex === undefined ? sealVector(vector) : hex(vector.ciphertextHex);
      const plaintext = unseal(parametersOf(vector), sealed);
      expect(plaintext).toHaveLength(vector.plaintextSize);
      expect(sha256(plaintext).toString('hex')).toBe(vector.plaintextSha256);
    });

    it('has the computed size and number of segments', () => {
      const { format } = parametersOf(vector);
      expect(sealedSize(vector.plaintextSize, format)).toBe(vector.ciphertextSize);
      expect(segmentCount(vector.ciphertextSize, format)).toBe(vector.segments);
    });
  });

  it.each(ranges)('$vector [$start, $endExclusive) reads segments $segmentsTouched alone', (range) => {
    const vector = vectors.find(({ id }) => id === range.vector)!;
    const sealed = sealVector(vector);
    const { key, aad, format } = parametersOf(vector);
    const header = sealed.subarray(0, format.headerBytes);
    const decryptor = SegmentDecryptor.open({ key, aad, format, header, sealedBytes: sealed.length });
    const span = segmentsForRange({ start: range.start, end: range.endExclusive }, format);

    const touched: number[] = [];
    const parts: Buffer[] = [];
    for (let index = span.first; index < span.end; index++) {
      touched.push(index);
      const { start, end } = segmentRange(index, sealed.length, format);
      const plaintext = decryptor.decryptSegment(index, sealed.subarray(start, end));
      const { start: offset } = segmentPlaintextRange(index, sealed.length, format);
      parts.push(plaintext.subarray(Math.max(0, range.start - offset), range.endExclusive - offset));
    }
    expect(touched).toEqual(range.segmentsTouched);
    expect(Buffer.concat(parts).toString('hex')).toBe(range.plaintextHex);
  });

  it.each(invalid)('$id is rejected', (vector) => {
    expect(() => unseal(parametersOf(vector), hex(vector.ciphertextHex))).toThrow(
      expect.objectContaining({ name: 'AppError', code: 'INTEGRITY_FAILURE' }),
    );
  });

  it.each(invalidParams)('$why is refused', ({ keySize, derivedKeySize, segmentSize }) => {
    expect(() => {
      const format = new SegmentFormat({
        derivedKeySize,
        segmentSize,
        hkdfHash: 'sha256',
      } as SegmentFormatOptions);
      seal({ key: Buffer.alloc(keySize), aad: Buffer.alloc(0), format });
    }).toThrow(RangeError);
  });
});
