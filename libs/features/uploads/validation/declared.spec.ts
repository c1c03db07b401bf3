import { checkDeclared, fileKindOf, KNOWN_EXTENSIONS, storedFileName, type Declaration } from './index';

const MIB = 1 << 20;
const OFFICE = { extensions: ['pptx', 'docx', 'xlsx'], maxBytes: 100 * MIB };
const WIDE = { extensions: ['docx', 'txt', 'csv', 'pdf', 'JPG'], maxBytes: 10 };
const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

function declare(fileName: string, rest: Partial<Declaration> = {}, policy = OFFICE): () => string {
  return () => checkDeclared({ fileName, declaredType: null, declaredSize: null, ...rest }, policy).extension;
}

describe('U16 the declared name', () => {
  it.each([
    ['a.docx', 'docx'],
    ['A.DOCX', 'docx'],
    ['a.Pptx', 'pptx'],
    ['report.v1.2.xlsx', 'xlsx'],
    ['x.exe.docx', 'docx'],
    ['.docx', 'docx'],
    ['C:\\Users\\x\\y.docx', 'docx'],
    ['../../y.docx', 'docx'],
  ])('U16 takes %j as %s', (name, extension) => expect(declare(name)()).toBe(extension));

  it.each([
    'x.pdf.exe',
    'x.docx.html',
    'x.docx.',
    'x.docx ',
    'x.docx\t',
    'x.docx\r\n',
    'x.docx\u200b',
    'x.docx\u202e',
    'x.docx::$DATA',
    'x.docx;.jpg',
    'x.docx%00.exe',
    'x.docm',
    'x.doc',
    'x.pdf',
    'docx',
    'x',
    '..',
    'x.docx/..',
    'x.ｄｏｃｘ',
    'x.exe',
    'x.constructor',
  ])('U16 refuses %j', (name) => {
    expect(declare(name)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FILE_TYPE' }));
  });

  it('U16 refuses a type that the policy names but nobody can check', () => {
    expect(declare('a.exe', {}, { extensions: ['exe'], maxBytes: 1 })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FILE_TYPE' }),
    );
  });
});

describe('U16 the declared media type', () => {
  it.each([
    ['a.docx', null],
    ['a.docx', ''],
    ['a.docx', 'application/octet-stream'],
    ['a.docx', DOCX],
    ['a.docx', `${DOCX.toUpperCase()} ; charset=binary`],
    ['a.txt', 'text/plain;charset=UTF-8'],
    ['a.csv', 'application/vnd.ms-excel'],
    ['a.jpg', 'image/jpeg'],
  ])('U16 takes %j declared as %j', (name, declaredType) => {
    expect(declare(name, { declaredType }, WIDE)).not.toThrow();
  });

  it.each([
    ['a.docx', 'application/pdf'],
    ['a.docx', 'text/html'],
    ['a.docx', 'application/zip'],
    ['a.docx', 'application/vnd.ms-word.document.macroEnabled.12'],
    ['a.pdf', DOCX],
    ['a.txt', 'text/html'],
    ['a.txt', 'nonsense'],
    ['a.jpg', 'image/png'],
  ])('U16 refuses %j declared as %j', (name, declaredType) => {
    expect(declare(name, { declaredType }, WIDE)).toThrow(
      expect.objectContaining({ code: 'CONTENT_MISMATCH' }),
    );
  });

  it('is one kind for each media type, but for JPEG and its two extensions', () => {
    const types = KNOWN_EXTENSIONS.filter((each) => each !== 'jpeg').map(
      (each) => fileKindOf(each)!.mediaType,
    );
    expect(new Set(types).size).toBe(types.length);
  });
});

describe('the declared size', () => {
  it.each([
    ['a.txt', 0],
    ['a.txt', 10],
    ['a.txt', null],
  ])('%s may have %p bytes', (name, declaredSize) =>
    expect(declare(name, { declaredSize }, WIDE)).not.toThrow(),
  );

  it.each([
    ['a.txt', 11, 'FILE_TOO_LARGE'],
    ['a.docx', 0, 'CONTENT_MISMATCH'],
    ['a.pdf', 0, 'CONTENT_MISMATCH'],
  ])('%s of %p bytes is %s', (name, declaredSize, code) => {
    expect(declare(name, { declaredSize }, WIDE)).toThrow(expect.objectContaining({ code }));
  });
});

describe('stored names', () => {
  it.each([
    'a "quoted" name.docx',
    "a 'quoted' name.docx",
    'a;b=c.docx',
    'a%41%2f.docx',
    'a\r\nSet-Cookie: x=1.docx',
    'invoice\u202excod.docx',
    '\u2066left\u2069.docx',
    'Αθήνα 上海 🚢.docx',
    'CON.docx',
    '.hidden.docx',
    ' leading.docx',
    '$where.docx',
    '<img src=x onerror=alert(1)>.docx',
    `${'ä'.repeat(125)}.docx`,
    `${'a'.repeat(250)}.docx`,
  ])('%j is kept as it is', (name) => {
    expect(storedFileName(name)).toBe(name);
    expect(declare(name)()).toBe('docx');
  });

  it.each([
    ['../y.docx', 'y.docx'],
    ['/etc/passwd/y.docx', 'y.docx'],
    ['C:\\x\\y.docx', 'y.docx'],
    ['\\\\server\\share\\y.docx', 'y.docx'],
    ['a/b\\c.docx', 'c.docx'],
    ['C:y.docx', 'C:y.docx'],
  ])('%j loses its directories', (given, stored) => {
    expect(storedFileName(given)).toBe(stored);
    expect(storedFileName(stored)).toBe(stored);
  });

  it.each([
    ['nothing', ''],
    ['only directories', 'x/y/'],
    ['NUL', 'a\0.docx'],
    ['NUL in a directory', 'a\0/b.docx'],
    ['a lone high surrogate', 'a\ud83d.docx'],
    ['a lone low surrogate', '\ude00a.docx'],
    ['256 bytes', `${'a'.repeat(251)}.docx`],
    ['256 bytes of 131 characters', `${'ä'.repeat(125)}a.docx`],
    ['a megabyte', `${'a'.repeat(MIB)}.docx`],
    ['a megabyte of directories', `${'a/'.repeat(MIB)}a.docx`],
  ])('%s is refused, naming the field', (_, name) => {
    const refusal = expect.objectContaining({
      code: 'VALIDATION_FAILED',
      errors: [expect.objectContaining({ pointer: 'filename' })],
    });
    expect(() => storedFileName(name)).toThrow(refusal);
    expect(declare(name)).toThrow(refusal);
  });

  it.each([
    ['NUL', 'text/plain\0'],
    ['a lone surrogate', 'text/\udc00'],
    ['a megabyte', 'a'.repeat(MIB)],
  ])('%s in the declared type is refused, naming the field', (_, declaredType) => {
    expect(declare('a.docx', { declaredType })).toThrow(
      expect.objectContaining({
        code: 'VALIDATION_FAILED',
        errors: [expect.objectContaining({ pointer: 'filetype' })],
      }),
    );
  });
});
