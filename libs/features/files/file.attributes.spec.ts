import { AppError } from '@waybill/core/kernel';
import { DEFAULT_FILE_ATTRIBUTES, parseFileAttributes } from './file.attributes';

const NOW = new Date('2026-06-01T12:00:00Z');
type Fields = [string, string][];

function parse(...fields: Fields): ReturnType<typeof parseFileAttributes> {
  return parseFileAttributes(fields, NOW);
}

function errorsOf(...fields: Fields): string[] {
  try {
    parse(...fields);
  } catch (error) {
    const { code, errors } = error as AppError;
    expect(code).toBe('VALIDATION_FAILED');
    return errors!.map(({ pointer }) => pointer);
  }
  return [];
}

describe('the attributes of a file', () => {
  it('have defaults', () => {
    expect(parse()).toEqual(DEFAULT_FILE_ATTRIBUTES);
    expect(
      parse(['title', ''], ['tags', ' '], ['expiresAt', ''], ['expiresInSeconds', ''], ['maxDownloads', '']),
    ).toEqual(DEFAULT_FILE_ATTRIBUTES);
  });

  it('survive JSON as they are', () => {
    const attributes = parse(
      ['title', 'T'],
      ['tags', 'a,b'],
      ['recipients', 'a@b.c'],
      ['expiresInSeconds', '60'],
      ['maxDownloads', '3'],
    );
    expect(JSON.parse(JSON.stringify(attributes))).toEqual(attributes);
  });

  it.each<[Fields, object]>([
    [[['title', '  as it is  ']], { title: '  as it is  ' }],
    [[['title', '\u202Eright to left, $ne, 🦊']], { title: '\u202Eright to left, $ne, 🦊' }],
    [[['title', '🦊'.repeat(200)]], { title: '🦊'.repeat(200) }],
    [[['description', 'd'.repeat(4000)]], { description: 'd'.repeat(4000) }],
    [
      [
        ['tags', 'b, a,,b'],
        ['tags', 'c'],
      ],
      { tags: ['b', 'a', 'c'] },
    ],
    [[['visibility', 'private']], { visibility: 'private' }],
    [[['visibility', 'restricted']], { visibility: 'restricted' }],
    [
      [
        ['recipients', 'Ada@Example.org, bob@example.org,,'],
        ['visibility', 'restricted'],
        ['recipients', 'ada@example.ORG'],
        ['recipients', 'cy@example.org'],
      ],
      { visibility: 'restricted', recipients: ['Ada@Example.org', 'bob@example.org', 'cy@example.org'] },
    ],
    [[['recipients', 'a@b.c']], { visibility: 'restricted', recipients: ['a@b.c'] }],
    [
      [
        ['visibility', 'private'],
        ['recipients', ' '],
      ],
      { visibility: 'private' },
    ],
    [[['visibility', 'clients']], { visibility: 'clients' }],
    [[['expiresAt', '2026-06-01T14:00:01+02:00']], { expiresAt: '2026-06-01T12:00:01.000Z' }],
    [[['expiresInSeconds', '1']], { expiresAt: '2026-06-01T12:00:01.000Z' }],
    [[['maxDownloads', '2147483647']], { maxDownloads: 2147483647 }],
  ])('%j', (fields, expected) => {
    expect(parse(...fields)).toEqual({ ...DEFAULT_FILE_ATTRIBUTES, ...expected });
  });

  it.each<[string, Fields]>([
    ['title', [['title', 'x'.repeat(201)]]],
    ['title', [['title', 'x'.repeat(1024 * 1024)]]],
    ['title', [['title', 'a\0b']]],
    ['title', [['title', 'a\ud800b']]],
    [
      'title',
      [
        ['title', 'a'],
        ['title', 'b'],
      ],
    ],
    ['description', [['description', 'x'.repeat(4001)]]],
    ['tags', [['tags', 'x'.repeat(51)]]],
    ['tags', [['tags', Array.from({ length: 21 }, (_, i) => i).join()]]],
    ['visibility', [['visibility', 'Clients']]],
    ['recipients', [['recipients', 'nobody']]],
    ['recipients', [['recipients', 'a@b.c,Ada <ada@example.org>']]],
    ['recipients', [['recipients', 'a@b.c\r\nBcc: all@example.org']]],
    ['recipients', [['recipients', 'a\0@b.c']]],
    ['recipients', [['recipients', Array.from({ length: 101 }, (_, i) => `a${i}@b.c`).join()]]],
    [
      'recipients',
      [
        ['recipients', 'a@b.c'],
        ['visibility', 'clients'],
      ],
    ],
    [
      'recipients',
      [
        ['visibility', 'private'],
        ['recipients', 'a@b.c'],
      ],
    ],
    ['expiresAt', [['expiresAt', '2026-06-01T12:00:00Z']]],
    ['expiresAt', [['expiresAt', '2026-05-01T12:00:00Z']]],
    ['expiresAt', [['expiresAt', '2026-06-02']]],
    ['expiresAt', [['expiresAt', '2026-13-02T00:00:00Z']]],
    ['expiresAt', [['expiresAt', 'tomorrow']]],
    ['expiresInSeconds', [['expiresInSeconds', '0']]],
    ['expiresInSeconds', [['expiresInSeconds', '-5']]],
    ['expiresInSeconds', [['expiresInSeconds', '1e3']]],
    ['expiresInSeconds', [['expiresInSeconds', '999999999999']]],
    [
      'expiresInSeconds',
      [
        ['expiresAt', '2026-06-02T00:00:00Z'],
        ['expiresInSeconds', '60'],
      ],
    ],
    ['maxDownloads', [['maxDownloads', '0']]],
    ['maxDownloads', [['maxDownloads', '2147483648']]],
    ['maxDownloads', [['maxDownloads', '1.5']]],
    ['unknown', [['unknown', 'x']]],
    ['__proto__', [['__proto__', 'x']]],
    ['constructor', [['constructor', 'x']]],
    ['ti\ufffdtle', [['ti\0tle', 'x']]],
  ])('refuse a wrong %s', (pointer, fields) => expect(errorsOf(...fields)).toEqual([pointer]));

  it('name every field that is wrong', () => {
    expect(errorsOf(['title', '\0'], ['nope', ''], ['maxDownloads', 'x'])).toEqual([
      'title',
      'nope',
      'maxDownloads',
    ]);
  });
});
