import fc from 'fast-check';
import { constantTimeEqual, createSha256, keyedHash, sha256 } from './hash';

const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

describe('SHA-256', () => {
  it('gives the published digest of FIPS 180-4', () => {
    expect(sha256('abc').toString('hex')).toBe(ABC);
    expect(sha256(Buffer.from('abc')).toString('hex')).toBe(ABC);
  });

  it('is the same in one piece and in many', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (chunks) => {
        const hash = createSha256();
        for (const chunk of chunks) hash.update(chunk);
        expect(hash.digest().equals(sha256(Buffer.concat(chunks)))).toBe(true);
      }),
    );
  });
});

describe('keyedHash', () => {
  it('is the HMAC-SHA256 of RFC 4231, test case 2', () => {
    const digest = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
    expect(keyedHash(Buffer.from('Jefe'), 'what do ya want for nothing?').toString('hex')).toBe(digest);
  });
});

describe('constantTimeEqual', () => {
  it.each([
    ['', '', true],
    ['token', 'token', true],
    ['token', 'tokem', false],
    ['token', 'token ', false],
    ['', 'token', false],
    ['é', 'e\u0301', false],
  ])('of %j and %j is %p', (a, b, equal) => {
    expect(constantTimeEqual(a, b)).toBe(equal);
    expect(constantTimeEqual(Buffer.from(a), b)).toBe(equal);
  });
});
