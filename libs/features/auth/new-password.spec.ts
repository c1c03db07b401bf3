import { COMMON_PASSWORDS } from './common-passwords';
import { requireAcceptablePassword } from './new-password';

describe('requireAcceptablePassword', () => {
  it.each([
    'correct horse battery staple',
    '        ',
    'ßßßßßßßß',
    '🔑🔑🔑🔑🔑🔑🔑🔑',
    'x'.repeat(128),
    'no digits here',
  ])('takes %j', (password) => expect(() => requireAcceptablePassword(password)).not.toThrow());

  it.each([
    '',
    '1234567',
    '🔑🔑🔑🔑🔑🔑🔑',
    'x'.repeat(129),
    'password',
    'PASSWORD',
    'Football',
    'nul\0nul\0nul',
  ])('refuses %j, and says where', (password) =>
    expect(() => requireAcceptablePassword(password, '/newPassword')).toThrow(
      expect.objectContaining({
        code: 'VALIDATION_FAILED',
        errors: [{ pointer: '/newPassword', detail: expect.any(String) }],
      }),
    ),
  );

  it('knows at least the 3,000 common passwords that the length rule lets pass (ASVS 6.2.4)', () => {
    expect(COMMON_PASSWORDS.size).toBeGreaterThanOrEqual(3_000);
    expect([...COMMON_PASSWORDS].filter((password) => [...password].length < 8)).toEqual([]);
    expect([...COMMON_PASSWORDS].filter((password) => password !== password.toLowerCase())).toEqual([]);
  });
});
