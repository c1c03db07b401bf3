import fc from 'fast-check';
import { WRAPPED_DEK_BYTES, generateDek, unwrapDek, wrapDek, type DekContext } from './dek';
import { randomBytes } from './tokens';

const kek = randomBytes(32);
const context: DekContext = { purpose: 'file', id: '0190f0a0-0000-7000-8000-0000000000ab', version: 3 };
const integrityFailure = expect.objectContaining({ name: 'AppError', code: 'INTEGRITY_FAILURE' });

describe('a wrapped DEK', () => {
  it('opens to the DEK', () => {
    const dek = generateDek();
    const wrapped = wrapDek(kek, 'kek-1', dek, context);
    expect(wrapped).toHaveLength(WRAPPED_DEK_BYTES);
    expect(unwrapDek(kek, 'kek-1', wrapped, context).equals(dek)).toBe(true);
  });

  // Made by another implementation: what is stored today must open for ever.
  it('has the format that is written down', () => {
    const sequence = (from: number) => Buffer.from(Array.from({ length: 32 }, (_, i) => from + i));
    const wrapped = Buffer.from(
      '01c8c9cacbcccdcecfd0d1d2d351392398c289bd673c7555f5524ba55bb0d6befb503efe73b5f061ba86ccf5b69c9cfee65b4ca2dcbda76f106844a496',
      'hex',
    );
    expect(unwrapDek(sequence(0), 'kek-1', wrapped, context).equals(sequence(64))).toBe(true);
  });

  it('never looks the same twice', () => {
    const dek = generateDek();
    const nonces = Array.from({ length: 100 }, () =>
      wrapDek(kek, 'kek-1', dek, context).subarray(1, 13).toString('hex'),
    );
    expect(new Set(nonces).size).toBe(100);
  });

  it.each<[string, string, DekContext]>([
    ['KEK id', 'kek-2', context],
    ['purpose', 'kek-1', { ...context, purpose: 'staging' }],
    ['object', 'kek-1', { ...context, id: '0190f0a0-0000-7000-8000-0000000000ac' }],
    ['version', 'kek-1', { ...context, version: 2 }],
  ])('does not open for another %s', (_, kekId, other) => {
    const wrapped = wrapDek(kek, 'kek-1', generateDek(), context);
    expect(() => unwrapDek(kek, kekId, wrapped, other)).toThrow(integrityFailure);
  });

  it('does not open when bytes moved from one field of its context to the next', () => {
    const wrapped = wrapDek(kek, '2k', generateDek(), { purpose: 'file', id: 'a', version: 1 });
    expect(() => unwrapDek(kek, 'k', wrapped, { purpose: 'file', id: 'a', version: 12 })).toThrow(
      integrityFailure,
    );
    expect(() => unwrapDek(kek, 'k', wrapped, { purpose: 'file', id: 'a1', version: 2 })).toThrow(
      integrityFailure,
    );
  });

  it('does not open under another KEK', () => {
    const wrapped = wrapDek(kek, 'kek-1', generateDek(), context);
    expect(() => unwrapDek(randomBytes(32), 'kek-1', wrapped, context)).toThrow(integrityFailure);
  });

  it('does not open with any bit changed, at any other length', () => {
    const wrapped = wrapDek(kek, 'kek-1', generateDek(), context);
    for (let bit = 0; bit < wrapped.length * 8; bit++) {
      const changed = Buffer.from(wrapped);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => unwrapDek(kek, 'kek-1', changed, context)).toThrow(integrityFailure);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(() => unwrapDek(kek, 'kek-1', bytes, context)).toThrow(integrityFailure);
      }),
    );
  });

  it.each([
    ['a short KEK', randomBytes(31), randomBytes(32), 1],
    ['a short DEK', kek, randomBytes(16), 1],
    ['a version that is no whole number', kek, randomBytes(32), 1.5],
    ['a version below zero', kek, randomBytes(32), -1],
  ])('is not made of %s', (_, key, dek, version) => {
    expect(() => wrapDek(key, 'kek-1', dek, { ...context, version })).toThrow(RangeError);
  });
});

it('generateDek never gives a key twice', () => {
  expect(new Set(Array.from({ length: 100 }, () => generateDek().toString('hex'))).size).toBe(100);
});
