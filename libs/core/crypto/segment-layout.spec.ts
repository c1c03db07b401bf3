import fc from 'fast-check';
import { SegmentFormat } from './segment-format';
import {
  plaintextSize,
  sealedSize,
  segmentCount,
  segmentForOffset,
  segmentPlaintextRange,
  segmentRange,
  segmentsForRange,
} from './segment-layout';

const small = new SegmentFormat({ segmentSize: 64, derivedKeySize: 16, hkdfHash: 'sha256' });
const integrityFailure = expect.objectContaining({ code: 'INTEGRITY_FAILURE' });

describe('sealedSize', () => {
  it.each([
    [0, 56],
    [1, 57],
    [1_048_520, 1_048_576],
    [1_048_521, 1_048_593],
    [2_097_080, 2_097_152],
    [2_097_081, 2_097_169],
    [5 * 2 ** 30, 5 * 2 ** 30 + 40 + 16 * 5121],
  ])('of %d bytes is %d', (plaintext, sealed) => expect(sealedSize(plaintext)).toBe(sealed));

  it('agrees with the formula of the design for every size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (n) => {
        expect(sealedSize(n)).toBe(n + 40 + 16 * Math.max(1, Math.ceil((n + 40) / 1_048_560)));
      }),
    );
  });

  it.each([-1, 0.5, NaN, Infinity, 2 ** 53])('refuses %p', (bytes) =>
    expect(() => sealedSize(bytes)).toThrow(RangeError),
  );

  it('fills the counter to its last value and no further', () => {
    const most = small.firstCapacity + (2 ** 32 - 1) * small.capacity;
    expect(sealedSize(most, small)).toBe(2 ** 32 * small.segmentSize);
    expect(() => sealedSize(most + 1, small)).toThrow(RangeError);
    expect(() => plaintextSize(2 ** 32 * small.segmentSize + 17, small)).toThrow(integrityFailure);
  });
});

describe('plaintextSize', () => {
  it('is the inverse of sealedSize, and rejects every size that sealedSize never gives', () => {
    const possible = new Map(Array.from({ length: 400 }, (_, n) => [sealedSize(n, small), n]));
    for (let sealed = 0; sealed < 400; sealed++) {
      const expected = possible.get(sealed);
      if (expected === undefined) expect(() => plaintextSize(sealed, small)).toThrow(integrityFailure);
      else expect(plaintextSize(sealed, small)).toBe(expected);
    }
  });

  it.each([0, 1, 40, 55, 1_048_577, 1_048_592, 2_097_152 + 16])('rejects %d', (sealed) =>
    expect(() => plaintextSize(sealed)).toThrow(integrityFailure),
  );

  it.each([-1, 0.5, NaN])('refuses %p, which is no size', (sealed) =>
    expect(() => plaintextSize(sealed)).toThrow(RangeError),
  );
});

describe('segments', () => {
  it('lie one after the other, in ciphertext and plaintext, without gap or overlap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 600 }), (n) => {
        const sealed = sealedSize(n, small);
        let at = small.headerBytes;
        let offset = 0;
        for (let index = 0; index < segmentCount(sealed, small); index++) {
          const range = segmentRange(index, sealed, small);
          const plaintext = segmentPlaintextRange(index, sealed, small);
          expect([range.start, plaintext.start]).toEqual([at, offset]);
          for (let byte = plaintext.start; byte < plaintext.end; byte++) {
            expect(segmentForOffset(byte, small)).toBe(index);
          }
          at = range.end;
          offset = plaintext.end;
        }
        expect([at, offset]).toEqual([sealed, n]);
      }),
    );
  });

  it.each([
    [
      { start: 0, end: 0 },
      { first: 0, end: 0 },
    ],
    [
      { start: 0, end: 1_048_520 },
      { first: 0, end: 1 },
    ],
    [
      { start: 1_048_519, end: 1_048_521 },
      { first: 0, end: 2 },
    ],
    [
      { start: 1_048_520, end: 1_048_521 },
      { first: 1, end: 2 },
    ],
    [
      { start: 9_000_000, end: 9_000_000 },
      { first: 8, end: 8 },
    ],
  ])('for the range %p are %p', (range, span) => expect(segmentsForRange(range)).toEqual(span));

  it.each([-1, 1, 0.5, NaN])('there is no segment %p of one', (index) =>
    expect(() => segmentRange(index, 56)).toThrow(RangeError),
  );
});

describe('SegmentFormat', () => {
  it.each([[0], [56], [2 ** 31], [64.5], [NaN]])('refuses segments of %p bytes', (segmentSize) =>
    expect(() => new SegmentFormat({ segmentSize, derivedKeySize: 32, hkdfHash: 'sha256' })).toThrow(
      RangeError,
    ),
  );
});
