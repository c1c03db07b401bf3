import { isEmailAddress } from './email-address';

describe('isEmailAddress', () => {
  it.each([
    'ada@example.com',
    'a@b.c',
    'ADA+tag@Example.Co.Uk',
    'josé@bücher.example',
    "o'neil@example.com",
    'ops@localhost',
  ])('takes %s', (address) => expect(isEmailAddress(address)).toBe(true));

  it.each([
    ['nothing', ''],
    ['no domain', 'ada@'],
    ['no local part', '@example.com'],
    ['two addresses', 'a@example.com,b@example.com'],
    ['a display name', 'Ada <ada@example.com>'],
    ['a line break that adds a header', 'ada@example.com\r\nBcc: all@example.com'],
    ['a line break in a quoted local part', '"a\r\nBcc: x"@example.com'],
    ['a quoted local part', '"ada"@example.com'],
    ['a space before', ' ada@example.com'],
    ['NUL', 'ada\0@example.com'],
    ['a bidi override', 'ada\u202e@example.com'],
    ['half a surrogate pair', 'ada\ud800@example.com'],
    [
      '255 characters',
      `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(11)}`,
    ],
    ['a list', ['ada@example.com']],
    ['null', null],
    ['an object', { $ne: '' }],
  ])('refuses %s', (_name, value) => expect(isEmailAddress(value)).toBe(false));
});
