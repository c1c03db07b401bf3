import { inspect } from 'node:util';
import { fileAad, stagingAad } from './associated-data';
import { SegmentDecryptor } from './segment-decryptor';
import { SegmentFormat } from './segment-format';
import { sealedSize } from './segment-layout';
import { pattern, seal, takeApart, unseal } from './testing/whole';
import { randomBytes } from './tokens';

const key = randomBytes(32);
const aad = fileAad('01', 1);
const format = new SegmentFormat({ segmentSize: 128, derivedKeySize: 32, hkdfHash: 'sha256' });
const plaintext = pattern(72 + 112 + 50);
const sealed = seal({ key, aad, format }, plaintext);
const { header, segments } = takeApart(sealed, format);
const integrityFailure = expect.objectContaining({ name: 'AppError', code: 'INTEGRITY_FAILURE' });

const decryptorOf = (bytes: Buffer) =>
  SegmentDecryptor.open({ key, aad, format, header: bytes.subarray(0, 40), sealedBytes: bytes.length });
const flipped = (bytes: Buffer, at: number, bit = 0) => {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1 << bit;
  return copy;
};

describe('SegmentDecryptor', () => {
  it('opens segments in any order', () => {
    const decryptor = decryptorOf(sealed);
    const parts = [2, 0, 1].map(
      (index) => [index, decryptor.decryptSegment(index, segments[index]!)] as const,
    );
    const inOrder = parts.sort(([a], [b]) => a - b).map(([, part]) => part);
    expect(Buffer.concat(inOrder).equals(plaintext)).toBe(true);
    expect(decryptor.plaintextBytes).toBe(plaintext.length);
  });

  it('writes into the given buffer, again and again', () => {
    const decryptor = decryptorOf(sealed);
    const into = Buffer.alloc(128);
    for (const [index, segment] of segments.entries()) {
      const { start, end } = decryptor.segmentPlaintextRange(index);
      const part = decryptor.decryptSegment(index, segment, into);
      expect(part.buffer).toBe(into.buffer);
      expect(part.equals(plaintext.subarray(start, end))).toBe(true);
    }
  });

  it('refuses a buffer that is too small', () => {
    expect(() => decryptorOf(sealed).decryptSegment(1, segments[1]!, Buffer.alloc(111))).toThrow(RangeError);
  });

  it('leaves no unverified byte in the given buffer', () => {
    const into = Buffer.alloc(128, 0xee);
    expect(() => decryptorOf(sealed).decryptSegment(1, flipped(segments[1]!, 127), into)).toThrow(
      integrityFailure,
    );
    expect(into.subarray(0, 112).every((byte) => byte === 0)).toBe(true);
  });

  it('sees every flipped bit of the ciphertext', () => {
    for (let at = 0; at < sealed.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        expect(() => unseal({ key, aad, format }, flipped(sealed, at, bit))).toThrow(integrityFailure);
      }
    }
  });

  it('sees a flipped bit in each header and tag byte of a production ciphertext, and of an empty one', () => {
    const long = seal({ key, aad }, pattern(1_048_600));
    const places = [...Array(40).keys()].concat(
      [1_048_576, long.length].flatMap((end) => Array.from({ length: 16 }, (_, i) => end - 16 + i)),
    );
    for (const at of places) expect(() => unseal({ key, aad }, flipped(long, at))).toThrow(integrityFailure);

    const empty = seal({ key, aad });
    expect(empty).toHaveLength(56);
    expect(unseal({ key, aad }, empty)).toHaveLength(0);
    for (let at = 0; at < 56; at++) {
      expect(() => unseal({ key, aad }, flipped(empty, at))).toThrow(integrityFailure);
    }
  });

  it('sees every truncation', () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(() => unseal({ key, aad, format }, sealed.subarray(0, length))).toThrow(integrityFailure);
    }
  });

  const other = takeApart(seal({ key, aad, format }, pattern(72 + 112 + 50)), format);
  it.each([
    ['segments swapped', [header, segments[1]!, segments[0]!, segments[2]!]],
    ['a segment doubled', [header, segments[0]!, segments[1]!, segments[1]!, segments[2]!]],
    ['a segment left out', [header, segments[0]!, segments[2]!]],
    ['the last segment left out', [header, segments[0]!, segments[1]!]],
    ['something appended', [sealed, Buffer.alloc(17)]],
    ['itself appended', [sealed, sealed]],
    ['the header of another ciphertext of the same key', [other.header, ...segments]],
    [
      'a segment of another ciphertext of the same key',
      [header, segments[0]!, other.segments[1]!, segments[2]!],
    ],
  ])('sees %s', (_, pieces) => {
    expect(() => unseal({ key, aad, format }, Buffer.concat(pieces))).toThrow(integrityFailure);
  });

  it.each([
    ['another key', { key: randomBytes(32) }],
    ['another file', { aad: fileAad('02', 1) }],
    ['another version', { aad: fileAad('01', 2) }],
    ['a staging part', { aad: stagingAad('01', 1) }],
    ['no associated data', { aad: Buffer.alloc(0) }],
  ])('opens nothing for %s', (_, wrong) => {
    expect(() => unseal({ key, aad, format, ...wrong }, sealed)).toThrow(integrityFailure);
  });

  it.each([
    ['a short segment', 0, segments[0]!.subarray(1)],
    ['a long segment', 2, Buffer.concat([segments[2]!, Buffer.of(0)])],
    ['an empty segment', 1, Buffer.alloc(0)],
    ['the wrong segment', 0, segments[1]!],
  ])('rejects %s', (_, index, segment) => {
    expect(() => decryptorOf(sealed).decryptSegment(index, segment)).toThrow(integrityFailure);
    expect(() => decryptorOf(sealed).decryptSegmentChunks(index, segment)).toThrow(integrityFailure);
  });

  it.each([0, 39, 41])('rejects a header of %d bytes', (length) => {
    const long = Buffer.concat([sealed, sealed]);
    expect(() =>
      SegmentDecryptor.open({
        key,
        aad,
        format,
        header: long.subarray(0, length),
        sealedBytes: sealed.length,
      }),
    ).toThrow(integrityFailure);
  });

  it.each([-1, 3, 0.5])('has no segment %p', (index) => {
    expect(() => decryptorOf(sealed).decryptSegment(index, segments[0]!)).toThrow(RangeError);
  });

  it('hands out chunks of at most 128 KiB', () => {
    const bytes = pattern(1_048_520);
    const whole = seal({ key, aad }, bytes);
    const decryptor = SegmentDecryptor.open({
      key,
      aad,
      header: whole.subarray(0, 40),
      sealedBytes: sealedSize(bytes.length),
    });
    const chunks = decryptor.decryptSegmentChunks(0, whole.subarray(40));
    expect(Math.max(...chunks.map(({ length }) => length))).toBe(128 * 1024);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  });

  it('opens nothing after dispose(), and shows its key to no log', () => {
    const decryptor = decryptorOf(sealed);
    expect(inspect(decryptor, { depth: 9, showHidden: true })).not.toContain('Buffer');
    decryptor.dispose();
    expect(() => decryptor.decryptSegment(0, segments[0]!)).toThrow('disposed');
  });
});

describe('associated data', () => {
  it('is spelled as the design says', () => {
    expect(fileAad('f', 3).toString()).toBe('waybill:file:v1:f:3');
    expect(stagingAad('u', 1024).toString()).toBe('waybill:staging:v1:u:1024');
  });
});
