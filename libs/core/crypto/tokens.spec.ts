import fc from 'fast-check';
import { sha256 } from './hash';
import { hashToken, isCanonicalBase64url, randomBytes, randomToken } from './tokens';

describe('randomToken', () => {
  it('has 256 bits by default, and never comes twice', () => {
    const tokens = Array.from({ length: 1_000 }, () => randomToken());
    expect(new Set(tokens).size).toBe(1_000);
    expect(tokens.every((token) => isCanonicalBase64url(token, 32) && token.length === 43)).toBe(true);
  });

  it('has the bytes that are asked for', () => {
    expect(Buffer.from(randomToken(16), 'base64url')).toHaveLength(16);
    expect(randomBytes(7)).toHaveLength(7);
  });
});

describe('isCanonicalBase64url', () => {
  it('takes what an encoder writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64url');
        expect(isCanonicalBase64url(text)).toBe(true);
        expect(isCanonicalBase64url(text, bytes.length)).toBe(true);
        expect(isCanonicalBase64url(text, bytes.length + 1)).toBe(false);
      }),
    );
  });

  it.each([
    ['padding', 'AA=='],
    ['unused bits that are set', 'AB'],
    ['an impossible length', 'AAAAA'],
    ['the other alphabet', '++//'],
    ['a space', 'AA AA'],
    ['a final newline', 'AAAA\n'],
    ['NUL', 'AA\0A'],
    ['a wide character', 'AAAé'],
    ['nothing', ''],
    ['undefined', undefined],
    ['null', null],
    ['a number', 1234],
    ['an array of one', ['AAAA']],
    ['an object', { toString: () => 'AAAA' }],
  ])('refuses %s', (_, value) => expect(isCanonicalBase64url(value)).toBe(false));
});

it('hashToken is the SHA-256 of the token as written', () => {
  expect(hashToken('abc').equals(sha256('abc'))).toBe(true);
});
