import { largeDocument } from '../fixtures/documents';
import {
  field,
  filePart,
  form,
  part,
  rawRequest,
  requestHead,
  uploadHead,
  type RawAnswer,
} from '../support/raw';
import { assertInvariants, TestSystem, type ApiClient } from '../support/system';

jest.setTimeout(60_000);

const DOCUMENT = Buffer.concat([...largeDocument(8 * 1024)]);
const MEGABYTE = 'a'.repeat(1_048_576);
/** U+D800 as three bytes, which no encoder writes and no decoder takes. */
const SURROGATE = Buffer.from([0x61, 0xed, 0xa0, 0x80]);

let system: TestSystem;
let ops: ApiClient;
let client: ApiClient;
let fileId: string;

beforeAll(async () => {
  system = await TestSystem.start();
  ops = await system.client('ops');
  client = await system.client('client');
  ({ fileId } = await ops.uploadAndWait(DOCUMENT));
}, 60_000);
afterAll(() => system?.stop(), 30_000);

async function send(body: Buffer, extra: [string, string][] = []): Promise<RawAnswer> {
  return (await rawRequest(system.url, uploadHead({ length: body.length, token: ops.token, extra }), body))!;
}

async function ask(
  caller: ApiClient | null,
  line: string,
  headers: [string, string][] = [],
  body = '',
): Promise<RawAnswer> {
  const all: [string, string][] = [['Host', 'waybill.test'], ...headers];
  if (caller !== null) all.push(['Authorization', `Bearer ${caller.token}`]);
  if (body !== '')
    all.push(['Content-Type', 'application/json'], ['Content-Length', String(Buffer.byteLength(body))]);
  return (await rawRequest(system.url, requestHead(line, all), Buffer.from(body)))!;
}

function expectNamed(answer: RawAnswer, name: string): void {
  expect(answer.status).toBe(400);
  const pointers = answer.json().errors?.map(({ pointer }: { pointer: string }) => pointer);
  expect(pointers).toContain(name);
}

describe('a field of an upload', () => {
  const fields = [
    'title',
    'description',
    'tags',
    'visibility',
    'expiresAt',
    'expiresInSeconds',
    'maxDownloads',
  ];
  const texts: [title: string, value: string | Buffer][] = [
    ['NUL', 'a\0b'],
    ['half a surrogate pair', SURROGATE],
    ['a megabyte', MEGABYTE],
  ];
  const cases = fields.flatMap((name) => texts.map(([title, value]) => [name, title, value] as const));

  it.each(cases)('R02 %s with %s is refused by its name', async (name, _title, value) => {
    expectNamed(await send(form(field(name, value), filePart(DOCUMENT))), name);
    expectNamed(await send(form(filePart(DOCUMENT), field(name, value))), name);
  });

  it.each([
    ['NUL', 'a\0b'],
    ['a megabyte', MEGABYTE],
    ['an operator', 'title[$ne]'],
  ])('R02 whose name is %s is refused', async (_title, name) => {
    expect((await send(form(field(name, 'x'), filePart(DOCUMENT)))).status).toBe(400);
  });

  it('R02 with no name that UTF-8 knows is refused', async () => {
    const name = Buffer.concat([
      Buffer.from('Content-Disposition: form-data; name="'),
      SURROGATE,
      Buffer.from('"'),
    ]);
    expect((await send(form(part(name, 'x'), filePart(DOCUMENT)))).status).toBe(400);
  });

  it.each([
    ['NUL', 'a%00.docx', 'filename'],
    ['half a surrogate pair', 'a%ED%A0%80.docx', null],
    ['a megabyte', `${MEGABYTE}.docx`, null],
    ['5,000 bytes', `${'a'.repeat(5_000)}.docx`, 'filename'],
  ])('R02 a name of the file with %s is refused', async (_title, name, pointer) => {
    const headers = `Content-Disposition: form-data; name="file"; filename*=UTF-8''${name}`;
    const answer = await send(form(part(headers, DOCUMENT)));
    if (pointer === null) expect(answer.status).toBe(400);
    else expectNamed(answer, pointer);
  });

  it.each([
    ['NUL', 'application/octet-stream\0'],
    ['a megabyte', MEGABYTE],
    ['an override of direction', 'text/\u202ehtml'],
  ])('R02 a type of the file with %s is refused', async (_title, type) => {
    const answer = await send(form(filePart(DOCUMENT, { type })));
    expect([400, 415]).toContain(answer.status);
  });
});

/** Strange, and nobody's harm: kept exactly as they are. */
const KEPT: [title: string, text: string][] = [
  ['right to left', 'עברית العربية'],
  ['marks of direction', 'a\u202eb\u2066c'],
  ['an operator', '$ne'],
  ['an operator in JSON', '{"$gt":""}'],
  ['a template', '{{7*7}} ${7*7} <%= 7*7 %>'],
  ['emoji', '📦👩‍🚀🏳️‍🌈'],
  ['SQL', `'; DROP TABLE files; --`],
  ['LIKE', '100%_\\'],
  ['markup', '<script>alert(1)</script>'],
  ['controls', 'a\u0001\u001f\u007f\u0085b'],
  ['line ends', 'a\r\nb\nc'],
  ['decomposed accents', 'e\u0301'],
  ['characters beyond the first plane', '\u{1f600}\u{20000}\u{10ffff}'],
  ['noncharacters', '\ufffe\uffff'],
  ['a name of JavaScript', '__proto__'],
  ['an escape that is none', '\\u0000 %00'],
];

describe('a text that is only strange', () => {
  it.each(KEPT)('R02 %s: title, description, tag and name are kept as they are', async (_title, text) => {
    const tag = text.replaceAll(',', '');
    const name = `${text.replace(/[/\\\p{Cc}]/gu, '')}.docx`;
    const body = form(
      field('title', text),
      field('description', text),
      field('tags', tag),
      field('visibility', 'private'),
      filePart(DOCUMENT, { fileName: name }),
    );
    const answer = await send(body);
    expect([answer.status, answer.json().fileName]).toEqual([201, name]);
    await ops.waitForStatus(answer.json().uploadId, 'completed');
    const { body: kept } = await ops.get(`/api/files/${answer.json().fileId}`);
    expect(kept).toMatchObject({ title: text, description: text, tags: [tag], name });
  });

  it.each(KEPT)('R02 %s: the name of a person is kept as it is', async (_title, fullName) => {
    const email = `ada-${Math.random().toString(36).slice(2)}@example.com`;
    const body = JSON.stringify({ email, password: `correct horse ${fullName}`, fullName });
    expect((await ask(null, 'POST /api/auth/signup', [], body)).status).toBe(201);
    const [row] = await system.query('SELECT full_name FROM users WHERE email = $1', [email]);
    expect(row.full_name).toBe(fullName);
  });
});

describe('a parameter of a query', () => {
  const names = ['limit', 'cursor', 'sort', 'status', 'chatId', 'groupId', 'include'];
  const texts: [title: string, value: string][] = [
    ['NUL', 'a%00b'],
    ['half a surrogate pair', '%ED%A0%80'],
    ['no UTF-8', '%ff'],
    ['a bad escape', '%u0041%zz'],
  ];
  const cases = names.flatMap((name) => texts.map(([title, value]) => [name, title, value] as const));

  it.each(cases)('R02 %s with %s is refused by its name', async (name, _title, value) => {
    expectNamed(await ask(ops, `GET /api/files?${name}=${value}`), name);
  });

  it.each(names)('R02 %s of a megabyte does not get in', async (name) => {
    expect([400, 414, 431]).toContain((await ask(ops, `GET /api/files?${name}=${MEGABYTE}`)).status);
  });

  it.each(
    names.flatMap((name) =>
      ['[$ne]=x', '[]=1', '[a][b]=1', '=1&NAME=2'].map((rest) => [name, rest] as const),
    ),
  )('R02 %s%s is refused', async (name, rest) => {
    const query = `${name}${rest.replace('NAME', name)}`;
    expect((await ask(ops, `GET /api/files?${query}`)).status).toBe(400);
  });

  it.each([
    '%00=1',
    'a%00=1',
    '%ED%A0%80=1',
    '__proto__=1',
    'constructor[prototype][x]=1',
    '%24where=1',
    'unknown=1',
  ])('R02 %s is not a name that is taken', async (query) => {
    expect((await ask(ops, `GET /api/files?${query}`)).status).toBe(400);
  });

  it.each(KEPT)('R02 %s is a chat’s id that no file has', async (_title, text) => {
    const answer = await ask(ops, `GET /api/files?chatId=${encodeURIComponent(text)}`);
    expect([answer.status, answer.json().items]).toEqual([200, []]);
  });
});

describe('a body', () => {
  it.each([
    '"a\\u0000"',
    '"\\ud800"',
    `"${MEGABYTE}"`,
    '"600"',
    '{"$gt":0}',
    '[600]',
    '1e999',
    '-1',
    '1.5',
    'true',
    '1e400',
  ])('R02 of a download link with %.20s is refused by the field’s name', async (value) => {
    expectNamed(
      await ask(client, `POST /api/files/${fileId}/download-link`, [], `{"expiresInSeconds":${value}}`),
      '/expiresInSeconds',
    );
  });

  it.each(['"$where":"1"', '"a\\u0000":1', '"\\ud800":1', '"__proto__":{}', '"fileId":"x"'])(
    'R02 of a download link with the property %s is refused',
    async (property) => {
      const answer = await ask(client, `POST /api/files/${fileId}/download-link`, [], `{${property}}`);
      expect(answer.status).toBe(400);
      expect(answer.json().errors).toHaveLength(1);
    },
  );
});

describe('a header', () => {
  const headers = [
    'X-Request-Id',
    'Idempotency-Key',
    'traceparent',
    'tracestate',
    'Range',
    'If-Range',
    'If-None-Match',
    'If-Match',
    'If-Modified-Since',
    'Accept',
    'User-Agent',
    'Origin',
    'Referer',
    'Cookie',
    'Forwarded',
    'X-Forwarded-For',
  ];
  const values: [title: string, value: string][] = [
    ['the bytes of emoji', Buffer.from('📦\u202e').toString('latin1')],
    ['Latin-1', '\xff\xfe\x80'],
    ['a tab', 'a\tb'],
    ['nothing', ''],
    ['an operator', '{"$ne":null}'],
    ['ten thousand characters', 'a'.repeat(10_000)],
    ['ten thousand commas', ','.repeat(10_000)],
    ['ten thousand quotes', '"'.repeat(10_000)],
  ];
  const cases = headers.flatMap((name) => values.map(([title, value]) => [name, title, value] as const));

  it.each(cases)('R02 %s with %s breaks nothing', async (name, _title, value) => {
    for (const line of ['GET /api/files', `GET /api/files/${fileId}/content`, `GET /api/files/${fileId}`]) {
      const answer = await ask(ops, line, [[name, value]]);
      expect([200, 206, 304, 400, 412, 416]).toContain(answer.status);
      expect(answer.all('X-Request-Id')[0]).toMatch(/^[A-Za-z0-9._~-]{1,128}$/);
    }
  });

  it.each(headers)('R02 %s with NUL is no request, nor is it with a lone CR', async (name) => {
    expect((await ask(ops, 'GET /api/files', [[name, 'a\0b']])).status).toBe(400);
    expect((await ask(ops, 'GET /api/files', [[name, 'a\rX-Evil: 1']])).status).toBe(400);
  });

  it.each(headers)('R02 %s of a megabyte does not get in', async (name) => {
    expect((await ask(ops, 'GET /api/files', [[name, MEGABYTE]])).status).toBe(431);
  });

  it.each(['x', '', '{}', '\xff', 'a'.repeat(10_000), '0'.repeat(36), "' OR 1=1"])(
    'R02 X-Upload-Id: %.20s is refused by its name',
    async (value) => {
      expectNamed(await send(form(filePart(DOCUMENT)), [['X-Upload-Id', value]]), 'X-Upload-Id');
    },
  );

  it.each(['x', '', '\xff', 'a'.repeat(10_000), "{'$ne':1}"])(
    'R02 Idempotency-Key: %.20s does no harm to an upload',
    async (value) => {
      const answer = await send(form(field('visibility', 'private'), filePart(DOCUMENT)), [
        ['Idempotency-Key', value],
      ]);
      expect([201, 400]).toContain(answer.status);
    },
  );
});

it('R02 nothing of it has harmed the house', async () => {
  await system.waitUntilSwept();
  await assertInvariants(system);
});
