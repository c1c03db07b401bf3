import { readChecksum } from './upload-checksum';
import { describeUpload } from './described-upload';
import { readMetadata } from './upload-metadata';

const encoded = (pairs: Record<string, string>): string =>
  Object.entries(pairs)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',');

function refusal(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return null;
}

describe('Upload-Metadata', () => {
  it.each<[what: string, header: string | undefined, pairs: [string, string][]]>([
    ['nothing', undefined, []],
    ['an empty header', '', []],
    ['a pair', 'filename YS50eHQ=', [['filename', 'a.txt']]],
    ['a key alone', 'title', [['title', '']]],
    ['an empty value', 'title ', [['title', '']]],
    [
      'blanks after commas',
      'a YQ==, b Yg==',
      [
        ['a', 'a'],
        ['b', 'b'],
      ],
    ],
    ['UTF-8 with a byte order mark', encoded({ title: '\ufeffÜ📦' }), [['title', '\ufeffÜ📦']]],
    ['names of JavaScript', 'constructor YQ==', [['constructor', 'a']]],
  ])('reads %s', (_what, header, pairs) => {
    expect([...readMetadata(header)]).toEqual(pairs);
  });

  it.each<[what: string, header: string, pointer: string]>([
    ['a key twice', 'a YQ==,a Yg==', 'a'],
    ['a key that is not ASCII', 'ü YQ==', 'Upload-Metadata'],
    ['three words', 'a YQ== YQ==', 'Upload-Metadata'],
    ['a comma alone', ',', 'Upload-Metadata'],
    ['no Base64', 'a *', 'a'],
    ['a value without padding', 'a YQ', 'a'],
    ['bytes that are no UTF-8', 'a /w==', 'a'],
    ['an overlong encoding', `a ${Buffer.of(0xc0, 0x80).toString('base64')}`, 'a'],
  ])('refuses %s', (_what, header, pointer) => {
    expect(refusal(() => readMetadata(header))).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ pointer }],
    });
  });

  it('describes a file as a form does, without what Uppy says twice', () => {
    const said = {
      filename: 'a.docx',
      name: 'a.docx',
      type: 'x/y',
      relativePath: 'null',
      title: 'T',
      tags: 'a,b',
    };
    const { offered, attributes } = describeUpload(readMetadata(encoded(said)), 7, new Date());
    expect(offered).toEqual({
      fileName: 'a.docx',
      declaredType: null,
      declaredSize: 7,
      category: 'document',
      mediaKind: null,
    });
    expect(attributes).toMatchObject({ title: 'T', tags: ['a', 'b'] });
  });

  it.each<[said: Record<string, string>, pointer: string]>([
    [{ title: 'T' }, 'filename'],
    [{ filename: 'a.docx', category: 'other' }, 'category'],
    [{ filename: 'a.docx', mediaKind: 'video' }, 'mediaKind'],
    [{ filename: 'a.mp4', category: 'media' }, 'mediaKind'],
    [{ filename: 'a.mp4', category: 'media', mediaKind: 'hologram' }, 'mediaKind'],
    [{ filename: 'a.docx', owner: 'me' }, 'owner'],
  ])('refuses %j by the name of what is wrong', (said, pointer) => {
    expect(refusal(() => describeUpload(readMetadata(encoded(said)), null, new Date()))).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ pointer }],
    });
  });
});

describe('Upload-Checksum', () => {
  // RFC 3174 and FIPS 180-4: "abc".
  it.each([
    ['sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=', 'abc', true],
    ['sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=', 'abc', true],
    ['sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=', 'abd', false],
  ])('%s of %s: %p', (header, text, right) => {
    const verifier = readChecksum(header)!;
    for (const letter of text) verifier.update(Buffer.from(letter));
    expect(verifier.matches()).toBe(right);
  });
});
