import { parsePartHeaders } from './part-headers';

const read = (...lines: string[]) => parsePartHeaders(Buffer.from(lines.join('\r\n')));
const named = (parameters: string) => read(`Content-Disposition: form-data; ${parameters}`);

describe('parsePartHeaders', () => {
  it('tells a field from a file', () => {
    expect(named('name="title"')).toEqual({ name: 'title', fileName: null, contentType: null });
    expect(
      read(
        'content-type:  text/plain; charset=utf-8 ',
        'CONTENT-DISPOSITION: Form-Data; name=f; filename=a.txt',
      ),
    ).toEqual({ name: 'f', fileName: 'a.txt', contentType: 'text/plain; charset=utf-8' });
  });

  it('takes an empty file name for a file, and an empty type for none', () => {
    expect(read('Content-Disposition: form-data; name="f"; filename=""', 'Content-Type:')).toEqual({
      name: 'f',
      fileName: '',
      contentType: null,
    });
  });

  it('ignores other headers, as RFC 7578 section 4.8 asks', () => {
    expect(
      read('X-Other: 1', 'Content-Disposition: form-data; name="a"', 'Transfer-Encoding: chunked').name,
    ).toBe('a');
  });

  it.each(['binary', '8bit', '7BIT'])('takes Content-Transfer-Encoding %s', (encoding) => {
    expect(
      read(`Content-Transfer-Encoding: ${encoding}`, 'Content-Disposition: form-data; name="a"').name,
    ).toBe('a');
  });

  it.each([
    ['a quote, as browsers escape it', '"a%22b"', 'a"b'],
    ['line ends, as browsers escape them', '"a%0D%0ab"', 'a\r\nb'],
    ['other percent signs, as browsers leave them', '"100%25 %41"', '100%25 %41'],
    ['a quote with a backslash', '"a\\"b"', 'a"b'],
    ['a backslash with a backslash', '"a\\\\b"', 'a\\b'],
    ['a bare backslash, as browsers send it', '"C:\\dir\\a.txt"', 'C:\\dir\\a.txt'],
    ['semicolons and equals signs', '"a; filename=b"', 'a; filename=b'],
    ['UTF-8', '"日本語 📄 é.docx"', '日本語 📄 é.docx'],
    ['a byte order mark', '"\ufeffa"', '\ufeffa'],
    ['a token', 'a-b_c.docx', 'a-b_c.docx'],
  ])('reads %s in a file name', (_what, written, fileName) => {
    expect(named(`name="f"; filename=${written}`).fileName).toBe(fileName);
  });

  it.each(['a[b][c]', '__proto__', 'constructor.prototype', 'a[999999999]', '[]', 'toString', ' '])(
    'takes the name %j for a string',
    (name) => expect(named(`name="${name}"`).name).toBe(name),
  );

  it.each([
    ["filename=a.docx; filename*=utf-8''a.docx", 'a.docx'],
    ['filename="=?utf-8?B?w6QuZG9jeA==?="; filename*=utf-8\'\'%C3%A4.docx', 'ä.docx'],
    ["filename*=UTF-8'en'%E2%82%AC%22.docx", '€".docx'],
  ])('takes the name that .NET and other old habits put into filename*: %s', (parameters, fileName) => {
    expect(named(`name=f; ${parameters}`).fileName).toBe(fileName);
  });

  it.each([
    ['no headers', ''],
    ['no Content-Disposition', 'Content-Type: text/plain'],
    ['two of them', 'Content-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="b"'],
    ['two types', 'Content-Disposition: form-data; name="a"\r\nContent-Type: a/b\r\ncontent-type: c/d'],
    ['another disposition', 'Content-Disposition: attachment; name="a"'],
    ['no disposition type', 'Content-Disposition: name="a"'],
    ['no name', 'Content-Disposition: form-data; filename="a"'],
    ['a name twice', 'Content-Disposition: form-data; name="a"; name="b"'],
    ['a file name twice', 'Content-Disposition: form-data; name="a"; filename="b"; FileName="c"'],
    ['an open quote', 'Content-Disposition: form-data; name="a'],
    ['an open quote after a backslash', 'Content-Disposition: form-data; name="f"; filename="a\\"'],
    ['text after the quote', 'Content-Disposition: form-data; name="a"b'],
    ['blanks around the equals sign', 'Content-Disposition: form-data; name = "a"'],
    ['a comma', 'Content-Disposition: form-data, name="a"'],
    ['a folded line', 'Content-Disposition: form-data;\r\n name="a"'],
    ['a line without colon', 'Content-Disposition: form-data; name="a"\r\nfoo'],
    ['a blank before the colon', 'Content-Disposition : form-data; name="a"'],
    ['a header without name', ': x\r\nContent-Disposition: form-data; name="a"'],
    ['NUL in the name', 'Content-Disposition: form-data; name="a\0b"'],
    ['a control in another header', 'Content-Disposition: form-data; name="a"\r\nX: \x1b[2J'],
    ['a C1 control', 'Content-Disposition: form-data; name="a\u0085b"'],
    ['base64', 'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64'],
    [
      'quoted-printable',
      'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: quoted-printable',
    ],
    [
      'nested multipart',
      'Content-Disposition: form-data; name="a"\r\nContent-Type: Multipart/mixed; boundary=x',
    ],
    ['filename* in Latin-1', "Content-Disposition: form-data; name=a; filename*=iso-8859-1''%E4"],
    ['filename* in broken UTF-8', "Content-Disposition: form-data; name=a; filename*=utf-8''%C3%28"],
    ['filename* with a bad escape', "Content-Disposition: form-data; name=a; filename*=utf-8''%4"],
    ['filename* without its notation', 'Content-Disposition: form-data; name=a; filename*=a.docx'],
  ])('refuses %s', (_what, block) => {
    expect(() => read(block)).toThrow(expect.objectContaining({ code: 'MALFORMED_BODY' }));
  });

  it.each([
    ['Latin-1', Buffer.from('Content-Disposition: form-data; name="\xe4"', 'latin1')],
    ['an encoded surrogate', Buffer.from('Content-Disposition: form-data; name="\xed\xa0\x80"', 'latin1')],
    ['an overlong slash', Buffer.from('Content-Disposition: form-data; name="\xc0\xaf"', 'latin1')],
  ])('refuses a name in %s', (_what, block) => {
    expect(() => parsePartHeaders(block)).toThrow(expect.objectContaining({ code: 'MALFORMED_BODY' }));
  });

  it('refuses an empty name as a wrong value of a good form', () => {
    expect(() => named('name=""')).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
  });
});
