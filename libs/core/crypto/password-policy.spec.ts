import { passwordProblem } from './password-policy';

describe('passwordProblem', () => {
  it.each([
    ['eight characters', 'a'.repeat(8)],
    ['128 characters', 'a'.repeat(128)],
    ['spaces, kept where they are', '  a  b  '],
    ['digits alone', '83629174'],
    ['eight characters of four bytes', '😀'.repeat(8)],
    ['128 characters of four bytes', '😀'.repeat(128)],
    ['composed and decomposed letters', 'e\u0301é'.repeat(4)],
  ])('takes %s', (_, password) => expect(passwordProblem(password)).toBeNull());

  it.each([
    ['nothing', '', 'at least 8'],
    ['seven characters', 'a'.repeat(7), 'at least 8'],
    ['seven characters of many bytes', '😀'.repeat(7), 'at least 8'],
    ['129 characters', 'a'.repeat(129), 'at most 128'],
    ['129 characters of four bytes', '😀'.repeat(129), 'at most 128'],
    ['a megabyte', 'a'.repeat(2 ** 20), 'at most 128'],
    ['NUL', 'pass\0word', 'NUL'],
    ['a lone surrogate', 'passwor\ud800', 'broken'],
  ])('refuses %s', (_, password, reason) => expect(passwordProblem(password)).toContain(reason));

  it('refuses common passwords, in any case, where it is given them', () => {
    const common = new Set(['password1', 'Tr0ub4dor&3']);
    expect(passwordProblem('password1', common)).toContain('too common');
    expect(passwordProblem('PassWord1', common)).toContain('too common');
    expect(passwordProblem('Tr0ub4dor&3', common)).toContain('too common');
    expect(passwordProblem('password1 ', common)).toBeNull();
    expect(passwordProblem('password1')).toBeNull();
  });
});
