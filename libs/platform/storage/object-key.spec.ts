import { OBJECT_KEY_MAX_LENGTH, isObjectKey, isObjectKeyPrefix } from './object-key';
import { ATTACKING_KEYS } from './testing/attacking-keys';

const UUID = '0190f0a0-0000-7000-8000-0000000000ab';

describe('isObjectKey', () => {
  it.each([
    `staging/${UUID}/0-${UUID}`,
    `staging/${UUID}/9999-${UUID}`,
    `vault/ab/${UUID}/1`,
    'a/b',
    'a/b.c',
    'a/b_c-d.e',
    '0/0',
    `a/${'b'.repeat(OBJECT_KEY_MAX_LENGTH - 2)}`,
  ])('takes %s', (key) => expect(isObjectKey(key)).toBe(true));

  it.each(ATTACKING_KEYS)('refuses %j', (key) => expect(isObjectKey(key)).toBe(false));

  it.each([[null], [undefined], [7], [{}], [['a/b']], [{ toString: () => 'a/b' }]])(
    'refuses what is no string: %p',
    (key) => expect(isObjectKey(key)).toBe(false),
  );
});

describe('isObjectKeyPrefix', () => {
  it('takes every beginning of a key', () => {
    const key = `vault/ab/${UUID}/1.a_b-c`;
    for (let end = 0; end <= key.length; end++) expect(isObjectKeyPrefix(key.slice(0, end))).toBe(true);
  });

  it.each([
    '/',
    '/a',
    '.',
    '..',
    'a/..',
    'a/../',
    'a//',
    'a//b',
    'a/.',
    'A',
    'a\\',
    'a\0',
    'a b',
    '%',
    'a\n',
  ])('refuses %j', (prefix) => expect(isObjectKeyPrefix(prefix)).toBe(false));
});
