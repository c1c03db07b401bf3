import fc from 'fast-check';
import { attachmentDisposition } from './attachment-disposition';

/** One line, two parameters, nothing beyond printable ASCII, no quote or backslash or percent sign in the first. */
const SHAPE =
  /^attachment; filename="([A-Za-z0-9 !#$&'()+,\-.@[\]^_`{}~]+)"; filename\*=UTF-8''((?:[A-Za-z0-9\-._!~]|%[0-9A-F]{2})+)$/;
const FORBIDDEN = /[\p{Cc}\p{Cs}/\\:\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

function read(fileName: string): { fallback: string; name: string } {
  const header = attachmentDisposition(fileName);
  const match = SHAPE.exec(header);
  if (!match) throw new Error(`not of the shape: ${JSON.stringify(header)}`);
  return { fallback: match[1]!, name: decodeURIComponent(match[2]!) };
}

describe('L09 attachmentDisposition', () => {
  it.each([
    ['a quote', 'a"b.docx', 'a_b.docx', 'a"b.docx'],
    ['a second parameter', 'a"; filename="evil.exe', 'a_ filename_evil.exe', 'a"; filename="evil.exe'],
    [
      'a second extended one',
      "a; filename*=UTF-8''evil.exe",
      "a_ filename_UTF-8''evil.exe",
      "a; filename*=UTF-8''evil.exe",
    ],
    ['a backslash before a quote', 'a\\".docx', 'a__.docx', 'a_".docx'],
    [
      'CR LF and a header',
      'a\r\nSet-Cookie: x=y\r\n\r\n<script>.docx',
      'aSet-Cookie_ x_y_script_.docx',
      'aSet-Cookie_ x=y<script>.docx',
    ],
    ['LF', 'a\nb.docx', 'ab.docx', 'ab.docx'],
    ['CR', 'a\rb.docx', 'ab.docx', 'ab.docx'],
    ['NUL', 'a.docx\0.exe', 'a.docx.exe', 'a.docx.exe'],
    ['tab, escape, DEL', 'a\t\x1b[2J\x7f.docx', 'a[2J.docx', 'a[2J.docx'],
    ['C1 controls', 'a\u0085b\u009b.docx', 'ab.docx', 'ab.docx'],
    ['line and paragraph separators', 'a\u2028b\u2029.docx', 'ab.docx', 'ab.docx'],
    ['right-to-left override', 'invoice\u202excod.exe', 'invoicexcod.exe', 'invoicexcod.exe'],
    ['left-to-right override and embeddings', '\u202aa\u202b\u202c\u202d.docx', 'a.docx', 'a.docx'],
    ['isolates', 'a\u2066b\u2067c\u2068d\u2069.docx', 'abcd.docx', 'abcd.docx'],
    ['direction marks', 'a\u200eb\u200fc\u061c.docx', 'abc.docx', 'abc.docx'],
    ['deprecated formatting', 'a\u206ab\u206f\ufff9.docx', 'ab.docx', 'ab.docx'],
    ['a byte order mark', '\ufeffa.docx', 'a.docx', 'a.docx'],
    ['a path upwards', '../../etc/passwd', '_.._etc_passwd', '_.._etc_passwd'],
    ['a path upwards on Windows', '..\\..\\windows\\win.ini', '_.._windows_win.ini', '_.._windows_win.ini'],
    ['an absolute path', '/etc/passwd', '_etc_passwd', '_etc_passwd'],
    ['a drive', 'C:\\a.docx', 'C__a.docx', 'C__a.docx'],
    ['a share', '\\\\host\\share\\a.docx', '__host_share_a.docx', '__host_share_a.docx'],
    ['a stream of NTFS', 'a.docx::$DATA', 'a.docx__$DATA', 'a.docx__$DATA'],
    ['look-alikes of a slash', 'a／b∕c⁄d＼e.docx', 'a_b_c_d_e.docx', 'a_b_c_d_e.docx'],
    ['only a path upwards', '..', 'download', 'download'],
    ['only dots and slashes', '../', '_', '_'],
    ['a semicolon', 'a;b.docx', 'a_b.docx', 'a;b.docx'],
    ['a comma', 'a,b.docx', 'a,b.docx', 'a,b.docx'],
    ['an escape of A', 'a%41.docx', 'a_41.docx', 'a%41.docx'],
    ['an escape of a slash', '..%2f..%2fetc', '_2f.._2fetc', '%2f..%2fetc'],
    ['an escape of an escape', 'a%2541%%4141.docx', 'a_2541_4141.docx', 'a%2541%%4141.docx'],
    ['an escape of CR LF', 'a%0d%0ab.docx', 'a_0d_0ab.docx', 'a%0d%0ab.docx'],
    ['an encoded word', '=?utf-8?B?YS5leGU=?=', '_utf-8_B_YS5leGU_', '=?utf-8?B?YS5leGU=?='],
    ['an apostrophe', "it's.docx", "it's.docx", "it's.docx"],
    ['apostrophes as of RFC 8187', "UTF-8''a", "UTF-8''a", "UTF-8''a"],
    ['wildcards and pipes', 'a*b?c|d<e>.docx', 'a_b_c_d_e_.docx', 'a*b?c|d<e>.docx'],
    ['a device', 'CON', '_CON', '_CON'],
    ['a device with an extension', 'nul.docx', '_nul.docx', '_nul.docx'],
    ['a device with two', 'Aux.tar.gz', '_Aux.tar.gz', '_Aux.tar.gz'],
    ['a numbered device', 'COM1.docx', '_COM1.docx', '_COM1.docx'],
    ['a device numbered above the line', 'LPT².docx', '_LPT_.docx', '_LPT².docx'],
    ['a device with blanks', 'prn  .docx', '_prn  .docx', '_prn  .docx'],
    ['a device after dots', '..con.docx', '_con.docx', '_con.docx'],
    ['a device behind an accent', 'cön.docx', '_con.docx', 'cön.docx'],
    ['a device behind a control', 'c\0on.docx', '_con.docx', '_con.docx'],
    ['no device', 'CONTRACT.docx', 'CONTRACT.docx', 'CONTRACT.docx'],
    ['a leading dot', '.htaccess', 'htaccess', 'htaccess'],
    ['leading dots and blanks', ' . ..a.docx', 'a.docx', 'a.docx'],
    ['trailing dots and blanks', 'a.docx . .', 'a.docx', 'a.docx'],
    ['blanks beyond ASCII', '\u00a0\u3000a.docx\u2003', 'a.docx', 'a.docx'],
    ['nothing', '', 'download', 'download'],
    ['nothing to see', '\u202e\0\r\n', 'download', 'download'],
    ['only blanks', '   ', 'download', 'download'],
    ['a lone surrogate', 'a\ud83d.docx', 'a_.docx', 'a\ufffd.docx'],
    ['the other lone surrogate', '\ude00a.docx', '_a.docx', '\ufffda.docx'],
    ['only a lone surrogate', '\ud800', '_', '\ufffd'],
    ['only an accent', '\u0301', 'download', '\u0301'],
    ['a Greek question mark, which decomposes to a semicolon', 'a\u037eb.docx', 'a_b.docx', 'a\u037eb.docx'],
    ['a name of Object', '__proto__', '__proto__', '__proto__'],
  ])('L09 %s', (_what, fileName, fallback, name) => {
    expect(attachmentDisposition(fileName)).toMatch(SHAPE);
    expect(read(fileName)).toEqual({ fallback, name });
  });

  it.each([
    ['Bericht Q3.docx', 'Bericht Q3.docx'],
    ['Übersicht – Größe.xlsx', 'Ubersicht _ Gro_e.xlsx'],
    ['Ｆｕｌｌ.docx', '_.docx'],
    ['日本語の資料.pptx', '_.pptx'],
    ['תקציר שנתי.docx', '_ _.docx'],
    ['تقرير الربع.docx', '_ _.docx'],
    ['😀👩‍👩‍👧 family.mp4', '_ family.mp4'],
    ['🏴󠁧󠁢󠁳󠁣󠁴󠁿.png', '_.png'],
    ['e\u0301tude.docx', 'etude.docx'],
    ['100% sure & done (final) #2 [x].docx', '100_ sure & done (final) #2 [x].docx'],
    ["a'b`c~d!e@f^g{h}+i.docx", "a'b`c~d!e@f^g{h}+i.docx"],
    ['no extension', 'no extension'],
  ])('L09 keeps the harmless name %s', (fileName, fallback) => {
    expect(read(fileName)).toEqual({ name: fileName, fallback });
  });

  it.each([
    ['255 bytes of ASCII', `${'a'.repeat(250)}.docx`, `${'a'.repeat(250)}.docx`],
    ['255 bytes of CJK', `${'語'.repeat(83)}a.docx`, `${'語'.repeat(83)}a.docx`],
    ['one more', `${'a'.repeat(251)}.docx`, `${'a'.repeat(250)}.docx`],
    ['many more', `${'😀'.repeat(5000)}.docx`, `${'😀'.repeat(62)}.docx`],
    ['no extension', 'b'.repeat(300), 'b'.repeat(255)],
    ['an extension that is none', `a.${'c'.repeat(300)}`, `a.${'c'.repeat(253)}`],
    ['blanks where it is cut', `${'a'.repeat(240)}${' '.repeat(100)}b.docx`, `${'a'.repeat(240)}.docx`],
    ['a device where it is cut', `con${' '.repeat(300)}x.docx`, '_con.docx'],
    ['a device at the limit', `con.${'d'.repeat(251)}`, `_con.${'d'.repeat(250)}`],
  ])('L09 bounds a name of %s to 255 bytes and keeps its extension', (_what, fileName, name) => {
    expect(read(fileName).name).toBe(name);
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
  });

  it('L09 holds for every string', () => {
    const units = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        ...'./\\:;"\'%= \r\n\0\u202e\u2067*',
        'con',
        'filename*=',
        '%41',
        '\ud800',
        '\udc00',
        'é',
        '.docx',
      ),
      fc.constantFrom('x'.repeat(200), '語'.repeat(90)),
    );
    fc.assert(
      fc.property(
        fc.array(units, { maxLength: 12 }).map((all) => all.join('')),
        (fileName) => {
          const { fallback, name } = read(fileName);
          for (const result of [fallback, name]) {
            expect(result).not.toMatch(FORBIDDEN);
            expect(result).not.toMatch(/^[.\s]|[.\s]$/);
            expect(result).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
            expect(Buffer.byteLength(result)).toBeLessThanOrEqual(255);
          }
          // What was made safe is safe, and stays as it is.
          expect(read(name).name).toBe(name);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
