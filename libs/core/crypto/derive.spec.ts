import { deriveKey, deriveSecretKey, deriveToken } from './derive';
import { isCanonicalBase64url } from './tokens';

const secret = 'a-secret-of-the-installation';

describe('deriveKey', () => {
  // Computed by another implementation. Should it change, every derived key changes with it.
  it('gives the known answer', () => {
    expect(deriveKey(secret, 'sessions').toString('hex')).toBe(
      'e0babd18b67ad9d0fd17d39c63908549ef40f105dc79d3407edff77968e357e4',
    );
    expect(deriveKey(Buffer.from(secret), 'sessions').equals(deriveKey(secret, 'sessions'))).toBe(true);
  });

  it('gives unrelated keys for other purposes and secrets', () => {
    const keys = [
      deriveKey(secret, 'sessions'),
      deriveKey(secret, 'links'),
      deriveKey(secret, ''),
      deriveKey(`${secret}.`, 'sessions'),
    ];
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(keys.length);
  });

  it('gives the length that is asked for', () => expect(deriveKey(secret, 'links', 64)).toHaveLength(64));

  it('refuses an empty secret', () => expect(() => deriveKey('', 'links')).toThrow(RangeError));

  it('gives the same as a key object', () => {
    expect(deriveSecretKey(secret, 'links').export()).toEqual(deriveKey(secret, 'links'));
  });
});

describe('deriveToken', () => {
  // Computed by another implementation. Should it change, every token that was sent becomes void.
  it('gives the known answer, every time', () => {
    const token = 'p9HU5yxDl2sgAgr2xp9EKN0QbGCTdwPTAvMbJHpojhE';
    expect(deriveToken(secret, 'confirm-email', '0190f0a0')).toBe(token);
    expect(deriveToken(secret, 'confirm-email', '0190f0a0')).toBe(token);
    expect(isCanonicalBase64url(token, 32)).toBe(true);
  });

  it.each([
    ['id', secret, 'confirm-email', '0190f0a1'],
    ['purpose', secret, 'reset-password', '0190f0a0'],
    ['secret', 'another-secret', 'confirm-email', '0190f0a0'],
    ['cut between purpose and id', secret, 'confirm-email0', '190f0a0'],
  ])('differs by %s', (_, otherSecret, purpose, id) => {
    expect(deriveToken(otherSecret, purpose, id)).not.toBe(deriveToken(secret, 'confirm-email', '0190f0a0'));
  });

  it('is no key that deriveKey could give', () => {
    expect(deriveToken(secret, 'x', '')).not.toBe(deriveKey(secret, 'x').toString('base64url'));
  });

  it('refuses an empty secret', () => expect(() => deriveToken('', 'x', 'y')).toThrow(RangeError));
});
