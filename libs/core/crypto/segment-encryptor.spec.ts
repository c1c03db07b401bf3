import fc from 'fast-check';
import { BlockPool } from './block-pool';
import { SegmentEncryptor } from './segment-encryptor';
import { AES256_GCM_HKDF_1MB, SegmentFormat, type HkdfHash } from './segment-format';
import { sealedSize, segmentCount } from './segment-layout';
import { pattern, seal, takeApart, unseal } from './testing/whole';
import { randomBytes } from './tokens';

const key = randomBytes(32);
const aad = Buffer.from('waybill:test');
const tiny = new SegmentFormat({ segmentSize: 64, derivedKeySize: 16, hkdfHash: 'sha256' });

const anyFormat = fc
  .record({
    room: fc.integer({ min: 1, max: 90 }),
    derivedKeySize: fc.constantFrom<(16 | 32)[]>(16, 32),
    hkdfHash: fc.constantFrom<HkdfHash[]>('sha1', 'sha256', 'sha512'),
  })
  .map(({ room, ...rest }) => new SegmentFormat({ segmentSize: rest.derivedKeySize + 24 + room, ...rest }));
/** Sizes at and around segment bounds, where mistakes live. */
const sizeOf = (format: SegmentFormat) =>
  fc
    .tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: -2, max: 2 }))
    .map(([full, delta]) => Math.max(0, format.firstCapacity + full * format.capacity + delta));
const chunked = (bytes: Buffer, cuts: number[]) => {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, i) => bytes.subarray(start, at[i] ?? bytes.length));
};

describe('SegmentEncryptor', () => {
  it('gives back any plaintext, in any format, chunking and mode, at exactly the computed size', () => {
    fc.assert(
      fc.property(
        anyFormat.chain((format) => fc.tuple(fc.constant(format), sizeOf(format))),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.boolean(),
        ([format, size], cuts, announced) => {
          const plaintext = pattern(size);
          const plaintextBytes = announced ? size : undefined;
          const sealed = seal({ key, aad, format, plaintextBytes }, ...chunked(plaintext, cuts));
          expect(sealed).toHaveLength(sealedSize(size, format));
          expect(unseal({ key, aad, format }, sealed).equals(plaintext)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('gives the same bytes however the plaintext is cut, byte by byte included', () => {
    const fixed = { key, aad, format: tiny, salt: randomBytes(16), noncePrefix: randomBytes(7) };
    fc.assert(
      fc.property(sizeOf(tiny), fc.array(fc.nat(), { maxLength: 12 }), (size, cuts) => {
        const plaintext = pattern(size);
        const whole = seal(fixed, plaintext);
        const bytes = Array.from({ length: size }, (_, at) => plaintext.subarray(at, at + 1));
        expect(seal(fixed, ...chunked(plaintext, cuts)).equals(whole)).toBe(true);
        expect(seal(fixed, ...bytes).equals(whole)).toBe(true);
        expect(seal({ ...fixed, plaintextBytes: size }, ...bytes).equals(whole)).toBe(true);
      }),
    );
  });

  it('is right for the production format across segments and for every kind of chunk', () => {
    const plaintext = pattern(2 * 1_048_576 + 12_345);
    for (const step of [1_000, 4_096, 65_536, 300_000, plaintext.length]) {
      const chunks = Array.from({ length: Math.ceil(plaintext.length / step) }, (_, i) =>
        plaintext.subarray(i * step, (i + 1) * step),
      );
      expect(unseal({ key, aad }, seal({ key, aad }, ...chunks)).equals(plaintext)).toBe(true);
    }
  });

  it('keeps a full segment until it knows whether it is the last one', () => {
    const memory = new BlockPool(tiny.segmentSize, 0);
    const encryptor = new SegmentEncryptor({ key, aad, format: tiny, memory });
    expect(encryptor.update(pattern(tiny.firstCapacity))).toEqual([]);
    expect(encryptor.pendingBytes).toBe(tiny.firstCapacity);

    expect(Buffer.concat(encryptor.update(Buffer.of(1)))).toHaveLength(tiny.segmentSize);
    expect(encryptor.pendingBytes).toBe(1);
    expect(encryptor.sealedBytes).toBe(tiny.segmentSize);

    expect(Buffer.concat(encryptor.final())).toHaveLength(17);
    expect(encryptor.plaintextBytes).toBe(tiny.firstCapacity + 1);
    expect(encryptor.sealedBytes).toBe(sealedSize(encryptor.plaintextBytes, tiny));
  });

  it('encrypts a segment that turns out to be the last one anew, under the nonce of the last', () => {
    const fixed = { key, aad, format: tiny, salt: randomBytes(16), noncePrefix: randomBytes(7) };
    for (const size of [tiny.firstCapacity, tiny.firstCapacity + tiny.capacity]) {
      const last = takeApart(seal(fixed, pattern(size)), tiny).segments.at(-1)!;
      const followed = takeApart(seal(fixed, pattern(size + 1)), tiny).segments.at(-2)!;
      expect(last).toHaveLength(followed.length);
      expect(last.subarray(0, -16).equals(followed.subarray(0, -16))).toBe(false);
    }
  });

  it('keeps nothing when the size was announced: the chunk may be reused at once', () => {
    const plaintext = pattern(200);
    const encryptor = new SegmentEncryptor({ key, aad, format: tiny, plaintextBytes: 200 });
    const reused = Buffer.alloc(50);
    const out: Buffer[] = [];
    for (let at = 0; at < 200; at += 50) {
      reused.set(plaintext.subarray(at, at + 50));
      out.push(...encryptor.update(reused));
      expect(encryptor.pendingBytes).toBe(0);
    }
    const sealed = Buffer.concat([...out, ...encryptor.final()]);
    expect(unseal({ key, aad, format: tiny }, sealed).equals(plaintext)).toBe(true);
  });

  it('does not drown in one-byte chunks', () => {
    const encryptor = new SegmentEncryptor({ key, aad });
    const byte = Buffer.of(7);
    const outputs: Buffer[] = [];
    for (let i = 0; i < AES256_GCM_HKDF_1MB.firstCapacity + 1; i++) outputs.push(...encryptor.update(byte));
    outputs.push(...encryptor.final());
    expect(outputs.length).toBeLessThan(32);
    expect(unseal({ key, aad }, Buffer.concat(outputs)).every((value) => value === 7)).toBe(true);
  });

  it('draws a new salt and nonce prefix for each ciphertext', () => {
    const headers = Array.from({ length: 20 }, () => seal({ key, aad }).subarray(0, 40).toString('hex'));
    expect(new Set(headers.map((header) => header.slice(2, 66))).size).toBe(20);
    expect(new Set(headers.map((header) => header.slice(66))).size).toBe(20);
  });

  it.each([undefined, 3_000_000])(
    'hands out full blocks, but for the last (announced: %s)',
    (plaintextBytes) => {
      const encryptor = new SegmentEncryptor({ key, aad, plaintextBytes });
      const blocks = [1_000, 65_536, 2_000_000, 933_464].flatMap((size) => encryptor.update(pattern(size)));
      const rest = encryptor.final();
      for (const block of [...blocks, ...rest.slice(0, -1)]) expect(block).toHaveLength(64 * 1024);
      expect(blocks.length).toBeGreaterThan(16);
      expect(segmentCount(encryptor.sealedBytes)).toBe(3);
    },
  );

  it.each([
    ['more', 10, 11],
    ['less', 10, 9],
    ['nothing', 10, 0],
    ['something', 0, 1],
  ])('refuses %s than was announced', (_, plaintextBytes, size) => {
    expect(() => seal({ key, aad, format: tiny, plaintextBytes }, pattern(size))).toThrow(RangeError);
  });

  it.each([
    ['a short key', { key: Buffer.alloc(15) }],
    ['a short salt', { salt: Buffer.alloc(15) }],
    ['a long nonce prefix', { noncePrefix: Buffer.alloc(8) }],
  ])('refuses %s', (_, wrong) => {
    expect(() => new SegmentEncryptor({ key, aad, format: tiny, ...wrong })).toThrow(RangeError);
  });

  it.each(['final', 'dispose'] as const)('is over after %s()', (end) => {
    const encryptor = new SegmentEncryptor({ key, aad });
    encryptor.update(pattern(10));
    encryptor[end]();
    expect(encryptor.pendingBytes).toBe(0);
    expect(() => encryptor.update(Buffer.of(1))).toThrow('ended');
    expect(() => encryptor.final()).toThrow('ended');
  });
});
