import { randomUUID } from 'node:crypto';
import { largeDocument } from '../fixtures/documents';
import { filePart, form, rawRequest, requestHead, uploadHead, type RawAnswer } from '../support/raw';
import { ApiClient, assertInvariants, TestSystem } from '../support/system';

jest.setTimeout(60_000);

const DOCUMENT = Buffer.concat([...largeDocument(8 * 1024)]);
const PLAIN = 'report.docx';

/** As it is sent, escaped as browsers do; and as it is kept, where that is not the same. */
const TAKEN: [title: string, name: string, kept?: string][] = [
  ['quotes', '"quoted" \'twice\'.docx'],
  ['a quote at its end', 'report".docx'],
  ['a quote and a parameter', 'a"; filename="evil.exe.docx'],
  ['CR LF and a header', 'a\r\nSet-Cookie: session=evil\r\n\r\n.docx'],
  ['CR LF and another answer', 'a\r\n\r\nHTTP 200 OK\r\nContent-Type: text\r\n\r\n.docx'],
  ['a lone CR', 'a\rb.docx'],
  ['a lone LF', 'a\nX-Evil: 1\n.docx'],
  ['an override of direction', 'report\u202Excod.docx'],
  ['an isolate', '\u2066report\u2069.docx'],
  [
    'every mark of direction',
    '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069x.docx',
  ],
  ['invisible characters', 'a\u200b\u200c\u200d\u2060\ufeffb.docx'],
  ['separators of lines and paragraphs', 'a\u2028b\u2029c.docx'],
  ['a way up', '../../etc/cron.d/evil.docx', 'evil.docx'],
  ['a way up, of Windows', '..\\..\\Windows\\evil.docx', 'evil.docx'],
  ['a drive', 'C:\\Users\\ada\\report.docx', 'report.docx'],
  ['a stream of NTFS', 'report.docx:evil.docx'],
  ['an absolute path', '/etc/passwd.docx', 'passwd.docx'],
  ['an encoded way up', '..%2f..%2fevil.docx'],
  ['a doubly encoded way up', '..%252fevil.docx'],
  ['separators that only look so', 'a\u2044b\u2215c\uff0fd\uff3ce.docx'],
  ['a letter in percents', '%41%42.docx'],
  ['percents that are none', '100%.docx'],
  ['an escaped line end that is a name', 'a%0.docx'],
  ['semicolons and equal signs', "a; filename*=UTF-8''evil.exe; b=c.docx"],
  ['commas', 'a, b,c.docx'],
  ['an emoji', '📦🚚👩‍🚀.docx'],
  ['accents, composed', 'Größe – ménü.docx'],
  ['accents, decomposed', 'Gro\u0308\u00dfe.docx'],
  ['many accents', `z${'\u0301'.repeat(60)}.docx`],
  ['Chinese', '季度报告（最终）.docx'],
  ['Arabic', 'تقرير.docx'],
  ['255 bytes of UTF-8', `${'ü'.repeat(125)}.docx`],
  ['255 bytes of ASCII', `${'a'.repeat(250)}.docx`],
  ['a device', 'CON.docx'],
  ['a device, of many dots', 'com1.tar.docx'],
  ['a device in disguise', 'ＣＯＮ.docx'],
  ['a device with an accent', 'ćon.docx'],
  ['a leading dot', '.htaccess.docx'],
  ['nothing but an extension', '.docx'],
  ['dots', '...docx'],
  ['blanks around it', '  report  .docx'],
  ['no-break blanks', '\u00a0report\u00a0.docx'],
  ['markup', '<img src=x onerror=alert(1)>.docx'],
  ['a template', '{{constructor.constructor("x")()}}${7*7}.docx'],
  ['shell', '$(touch evil)`id`|&;.docx'],
  ['wildcards', '*?[a-z].docx'],
  ['a formula', "=cmd|'calc'!A0.docx"],
  ['a minus', '-rf.docx'],
  ['a home', '~root.docx'],
  ['a name of JavaScript', '__proto__.docx'],
  ['a byte order mark', '\ufeffreport.docx'],
  ['an unassigned and a private character', '\u0378\ue000.docx'],
  ['a tag character', 'a\u{e0041}.docx'],
];

/** Raw bytes between the quotes. */
const REFUSED: [title: string, fileName: Buffer][] = [
  ['NUL', Buffer.from('a\0b.docx')],
  ['NUL before another extension', Buffer.from('a.docx\0.docx')],
  ['a raw CR LF', Buffer.from('a\r\nX-Evil: 1\r\n.docx')],
  ['a raw LF', Buffer.from('a\nb.docx')],
  ['a raw tab', Buffer.from('a\tb.docx')],
  ['a next line (C1)', Buffer.from('a\u0085b.docx')],
  ['an escape character', Buffer.from('a\x1b[2Jb.docx')],
  ['bytes that are no UTF-8', Buffer.from('a\xff\xfeb.docx', 'latin1')],
  ['Latin-1', Buffer.from('Gr\xf6\xdfe.docx', 'latin1')],
  ['an overlong slash', Buffer.from([0x2e, 0x2e, 0xc0, 0xaf, ...Buffer.from('a.docx')])],
  ['half of a surrogate pair', Buffer.from([0x61, 0xed, 0xa0, 0x80, ...Buffer.from('.docx')])],
  ['a raw quote in the middle', Buffer.from('a"b.docx')],
  ['256 bytes of UTF-8', Buffer.from(`a${'ü'.repeat(125)}.docx`)],
  ['5,000 bytes', Buffer.from(`${'a'.repeat(4995)}.docx`)],
  ['a folder', Buffer.from('folder/')],
  ['nothing', Buffer.alloc(0)],
];

let system: TestSystem;
let ops: ApiClient;
const fileIds = new Map<string, string>();
const links = new Map<string, string>();
const listed = new Map<string, string>();

beforeAll(async () => {
  system = await TestSystem.start();
  ops = await system.client('ops');
  const names: [string, string][] = [
    ['plain', PLAIN],
    ...TAKEN.map(([title, name]): [string, string] => [title, name]),
  ];
  const uploadIds: string[] = [];
  for (const [title, name] of names) {
    const answer = (await send(name))!;
    if (answer.status !== 201) throw new Error(`${title}: ${answer.status} ${answer.body.toString()}`);
    const { fileId, uploadId } = answer.json();
    fileIds.set(title, fileId);
    uploadIds.push(uploadId);
  }
  for (const uploadId of uploadIds) await ops.waitForStatus(uploadId, 'completed');
  const { body } = await ops.get('/api/files?limit=100&include=downloadUrl');
  for (const { id, name, downloadUrl } of body.items) {
    listed.set(id, name);
    links.set(id, new URL(downloadUrl).pathname);
  }
}, 60_000);
afterAll(() => system?.stop(), 30_000);

async function send(fileName: string | Buffer): Promise<RawAnswer | null> {
  const body = form(filePart(DOCUMENT, { fileName }));
  const head = uploadHead({ length: body.length, token: ops.token, uploadId: randomUUID() });
  return rawRequest(system.url, head, body);
}

function download(title: string): Promise<RawAnswer | null> {
  const path = links.get(fileIds.get(title)!)!;
  return rawRequest(system.url, requestHead(`GET ${path}`, [['Host', 'waybill.test']]));
}

const headerNames = (answer: RawAnswer): string[] =>
  answer.headers.map(([name]) => name.toLowerCase()).sort();

/** What no name in an answer may have: controls, ends of lines, marks of direction, separators of paths. */
const HARMFUL = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069/\\]/u;
const DISPOSITION =
  /^attachment; filename="([ !#-[\]-~]*)"; filename\*=UTF-8''((?:[A-Za-z0-9!#$&+\-.^_`|~]|%[0-9A-F]{2})+)$/;

describe('a file whose name has', () => {
  it.each(TAKEN.map(([title, name, kept = name]) => [title, kept] as const))(
    'L09 %s is listed by that name, and handed out under a harmless one',
    async (title, kept) => {
      expect(listed.get(fileIds.get(title)!)).toBe(kept);

      const answer = (await download(title))!;
      expect(answer.status).toBe(200);
      expect(answer.body.equals(DOCUMENT)).toBe(true);
      expect(answer.head).toMatch(/^[\r\n\x20-\x7e]*$/);
      expect(answer.head.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
      expect(headerNames(answer)).toEqual(headerNames((await download('plain'))!));

      const lines = answer.all('content-disposition');
      expect(lines).toHaveLength(1);
      const [, plain, extended] = DISPOSITION.exec(lines[0]!) ?? [];
      const decoded = decodeURIComponent(extended!);
      for (const shown of [plain!, decoded]) {
        expect(shown).not.toMatch(HARMFUL);
        expect(shown).toMatch(/docx$/);
        expect(shown).not.toMatch(/^[.\s]|^(con|com1)\./i);
        expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(255);
      }
    },
  );

  it.each(REFUSED)('L09 %s is refused, and nothing of it is kept', async (_title, fileName) => {
    const before = await counts();
    const answer = (await send(fileName))!;
    expect([answer.status, answer.json().code]).toEqual([
      400,
      expect.stringMatching(/^(VALIDATION_FAILED|MALFORMED_BODY)$/),
    ]);
    expect(answer.json().detail.length).toBeGreaterThan(10);
    expect(await counts()).toEqual(before);
  });

  it('L09 anything is listed and handed out, and nothing else is left behind', async () => {
    expect(TAKEN.length).toBeGreaterThanOrEqual(40);
    await system.waitUntilSwept();
    await assertInvariants(system);
  });
});

async function counts(): Promise<unknown> {
  const [row] = await system.query(
    `SELECT (SELECT count(*) FROM uploads) AS uploads, (SELECT count(*) FROM files) AS files,
            (SELECT count(*) FROM objects WHERE state <> 'dead' AND key LIKE 'staging/%') AS staged`,
  );
  return row;
}
