import { weakKeyReason, weakSecretReason } from './secret-strength';
import { randomBytes } from './tokens';

describe('weakSecretReason', () => {
  it.each([
    ['', 'empty'],
    ['   \t\n', 'empty'],
    ['short', 'too short'],
    ['k3Jx9QmZ7vRt2LpW8sYb4NcD6fGhAa1', 'too short'],
    ['k3Jx9QmZ7vRt2LpW 8sYb4NcD6fGhAa1e', 'whitespace'],
    ['k3Jx9QmZ7vRt2LpW8sYb4NcD6fGhAa1e\n', 'whitespace'],
    ['k3Jx9QmZ7vRt2LpW\u00008sYb4NcD6fGhAa1e', 'control'],
    ['a'.repeat(64), 'variety'],
    ['0'.repeat(64), 'variety'],
    [Buffer.alloc(32).toString('base64'), 'variety'],
    ['\u0001'.repeat(32), 'control'],
    ['abcabcabcabcabcabcabcabcabcabcabcabc', 'variety'],
    ['0123456789abcdef0123456789abcdef', 'repeats'],
    ['12345678901234567890123456789012', 'repeats'],
    ['qwertzuiopqwertzuiopqwertzuiopqwer', 'repeats'],
    ['abcdefghijklmnopqrstuvwxyz0123456789', 'run'],
    ['zyxwvutsrqponmlkjihgfedcba9876543210', 'run'],
    ['changeme', 'sample'],
    ['change-me-please-k3Jx9QmZ7vRt2LpW8sYb4NcD', 'sample'],
    ['CHANGE_THIS_k3Jx9QmZ7vRt2LpW8sYb4NcD6fGh', 'sample'],
    ['replace-with-64-hex-characters-k3Jx9QmZ7v', 'sample'],
    ['your-256-bit-key-k3Jx9QmZ7vRt2LpW8sYb4NcD', 'sample'],
    ['super_secret_k3Jx9QmZ7vRt2LpW8sYb4NcD6fGh', 'sample'],
    ['an-example-value-k3Jx9QmZ7vRt2LpW8sYb4NcD', 'sample'],
    ['P4ssw0rd-password-k3Jx9QmZ7vRt2LpW8sYb4Nc', 'sample'],
    ['test-k3Jx9QmZ7vRt2LpW8sYb4NcD6fGhAa1eUi', 'sample'],
    ['k3Jx9QmZ7vRt2LpW8sYb4NcD6fGhAa1e.default', 'sample'],
    ['<insert-here-k3Jx9QmZ7vRt2LpW8sYb4NcD6fG>', 'sample'],
  ])('says of %j: %s', (value, reason) => expect(weakSecretReason(value)).toContain(reason));

  it('counts bytes, and takes another least length', () => {
    const sixteen = 'k3Jx9QmZ7vRt2LpW';
    expect(weakSecretReason(sixteen)).toContain('32 bytes');
    expect(weakSecretReason(sixteen, 16)).toBeNull();
    expect(weakSecretReason('äöüßéèêàâçñøåœæþ')).toBeNull();
  });

  it('never quotes the secret', () => {
    expect(weakSecretReason('hunter2')).not.toContain('hunter2');
  });

  it('lets random secrets pass in every usual spelling', () => {
    for (let i = 0; i < 300; i++) {
      expect(weakSecretReason(randomBytes(32).toString('base64'))).toBeNull();
      expect(weakSecretReason(randomBytes(32).toString('hex'))).toBeNull();
      expect(weakSecretReason(randomBytes(24).toString('base64url'))).toBeNull();
    }
  });
});

describe('weakKeyReason', () => {
  it.each([
    ['all zero', Buffer.alloc(32), 'variety'],
    ['one byte repeated', Buffer.alloc(32, 0xa5), 'variety'],
    ['text of few letters', Buffer.from('abcabcabcabcabcabcabcabcabcabcab'), 'variety'],
    [
      'a half that comes twice',
      Buffer.alloc(32, Buffer.from('0a1f2e3d4c5b69788796a5b4c3d2e1f0', 'hex')),
      'repeats',
    ],
    ['a count', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 'run'],
  ])('says of %s what is wrong', (_, key, reason) => expect(weakKeyReason(key)).toContain(reason));

  it('lets random keys pass', () => {
    for (let i = 0; i < 300; i++) expect(weakKeyReason(randomBytes(32))).toBeNull();
  });
});
