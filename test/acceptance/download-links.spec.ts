import { randomUUID } from 'node:crypto';
import { CompactEncrypt, EncryptJWT, UnsecuredJWT } from 'jose';
import { genuine } from '../fixtures/documents';
import { RawConnection, requestHead } from '../support/raw';
import {
  ApiClient,
  assertInvariants,
  TestSystem,
  waitFor,
  type Answer,
  type TestUser,
} from '../support/system';

jest.setTimeout(60_000);

let system: TestSystem;
let ops: ApiClient;
let ada: ApiClient & { user: TestUser };
let bob: ApiClient & { user: TestUser };
let files: Record<'report' | 'sheet', { id: string; bytes: Buffer }>;
/** Ada's links to the two files, and Bob's to the first. */
let links: Record<'report' | 'sheet' | 'bobs', string>;
let nothing: unknown;

beforeAll(async () => {
  system = await TestSystem.start();
  [ops, ada, bob] = await Promise.all([
    system.client('ops'),
    system.client('client'),
    system.client('client'),
  ]);
  const [report, sheet] = [genuine('report.docx'), genuine('shipments.xlsx')];
  const [first, second] = await Promise.all([
    ops.uploadAndWait(report),
    ops.uploadAndWait(sheet, { name: 'shipments.xlsx', type: 'application/octet-stream' }),
  ]);
  files = { report: { id: first.fileId, bytes: report }, sheet: { id: second.fileId, bytes: sheet } };
  links = {
    report: await tokenOf(ada, first.fileId),
    sheet: await tokenOf(ada, second.fileId),
    bobs: await tokenOf(bob, first.fileId),
  };
  nothing = comparable(await get(randomUUID()));
}, 60_000);
afterAll(() => system?.stop(), 30_000);

async function tokenOf(caller: ApiClient, fileId: string, seconds?: number): Promise<string> {
  return (await caller.downloadLink(fileId, seconds)).split('/').at(-1)!;
}

const get = (token: string, init: RequestInit = {}): Promise<Answer> =>
  system.anonymous().request('GET', `/api/download/${token}`, init);

/** What two answers must share to be the same: all but what names the request. */
function comparable({ status, body }: Answer): unknown {
  return { status, body: { ...body, requestId: null, instance: null } };
}

async function expectNothing(tokens: string[]): Promise<void> {
  for (let at = 0; at < tokens.length; at += 20) {
    const some = tokens.slice(at, at + 20);
    const answers = await Promise.all(some.map((token) => get(token)));
    answers.forEach((answer, index) =>
      expect([some[index], comparable(answer)]).toEqual([some[index], nothing]),
    );
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Another character; for those that stand for six bits, one that differs in the given bit alone. */
function flip(character: string, bit: number): string {
  const value = ALPHABET.indexOf(character);
  return value === -1 ? 'A' : ALPHABET[value ^ (1 << bit)]!;
}

describe('a download link', () => {
  it('L01 leads to its file, and an unknown one to nothing', async () => {
    expect(nothing).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    expect((await get(links.report)).bytes.equals(files.report.bytes)).toBe(true);
    expect((await get(links.sheet)).bytes.equals(files.sheet.bytes)).toBe(true);
  });

  it.each([0, 5])('L01 with bit %i of any one character flipped is none', async (bit) => {
    const { report: token } = links;
    const flipped = [...token].map(
      (character, at) => token.slice(0, at) + flip(character, bit) + token.slice(at + 1),
    );
    expect(flipped.length).toBeGreaterThan(200);
    await expectNothing(flipped);
  });

  it('L01 cut, at whatever length, is none', async () => {
    const { report: token } = links;
    const lengths = Array.from({ length: token.length - 1 }, (_, index) => index + 1);
    await expectNothing(lengths.map((length) => token.slice(0, length)).filter((cut) => !/^\.+$/.test(cut)));
    await expectNothing(lengths.filter((at) => at % 7 === 0).map((at) => token.slice(at)));
  });

  it.each([
    ['a character', (token: string) => `${token}A`],
    ['padding', (token: string) => `${token}=`],
    ['a blank', (token: string) => `${token}%20`],
    ['a line end', (token: string) => `${token}%0A`],
    ['a part', (token: string) => `${token}.AAAA`],
    ['an empty part', (token: string) => `${token}.`],
    ['itself', (token: string) => `${token}${token}`],
    ['a blank in front', (token: string) => `%20${token}`],
    ['padding in a part', (token: string) => token.replace('..', '=..')],
    ['an encrypted key', (token: string) => token.replace('..', '.AAAA.')],
    ['a path', (token: string) => `${token}%2F..%2F${token}`],
  ])('L01 extended by %s is none', async (_title, extend) => {
    await expectNothing([extend(links.report)]);
  });

  it('L01 put together of two good ones, at any of their seams, is none', async () => {
    const { report: one, sheet: other, bobs } = links;
    const mixed = [other, bobs].flatMap((second) => {
      const [a, b] = [one.split('.'), second.split('.')];
      const halves = [one.slice(0, one.length / 2) + second.slice(one.length / 2)];
      const swapped = [2, 3, 4].map((at) =>
        a.map((piece, index) => (index === at ? b[index]! : piece)).join('.'),
      );
      return [...halves, ...swapped];
    });
    await expectNothing(mixed);
  });

  it('L01 forged without the key is none', async () => {
    const claims = { file: files.report.id, user: ada.user.id };
    const key = new Uint8Array(32);
    const soon = Math.floor(Date.now() / 1000) + 600;
    const sealed = (header: { alg: string; enc: string; zip?: string }): Promise<string> =>
      new EncryptJWT(claims).setProtectedHeader(header).setExpirationTime(soon).setJti('x').encrypt(key);
    const [, ...genuineParts] = links.report.split('.');
    const withHeader = (header: object): string =>
      [Buffer.from(JSON.stringify(header)).toString('base64url'), ...genuineParts].join('.');
    await expectNothing([
      await sealed({ alg: 'dir', enc: 'A256GCM' }),
      new UnsecuredJWT(claims).setExpirationTime(soon).encode(),
      await new CompactEncrypt(Buffer.from(JSON.stringify(claims)))
        .setProtectedHeader({ alg: 'PBES2-HS256+A128KW', enc: 'A256GCM' })
        .encrypt(Buffer.from('password')),
      withHeader({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' }),
      withHeader({ alg: 'dir', enc: 'A256GCM', crit: ['x'], x: 1 }),
      withHeader({ alg: 'dir', enc: 'A128GCM' }),
      withHeader({ alg: 'none', enc: 'A256GCM' }),
      withHeader({ alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', p2s: 'AAAAAAAAAAAAAAAAAAAAAA', p2c: 2 ** 31 }),
      withHeader({ enc: 'A256GCM' }),
      withHeader([]),
      ada.token!,
    ]);
  });

  it('L01 works with no credential or its user’s, and is none with another’s', async () => {
    const bearer = (who: ApiClient): RequestInit => ({ headers: { authorization: `Bearer ${who.token}` } });
    expect((await get(links.report, bearer(ada))).status).toBe(200);
    expect((await get(links.bobs, bearer(bob))).status).toBe(200);
    for (const [token, other] of [
      [links.report, bob],
      [links.bobs, ada],
      [links.report, ops],
    ] as const) {
      expect(comparable(await get(token, bearer(other)))).toEqual(nothing);
    }
  });

  it('L01 alone decides on the file, whatever else a request names', async () => {
    const { id } = files.sheet;
    const named = ['file', 'fileId', 'id', 'token', 'user', 'userId'];
    const query = named.map((name) => `${name}=${name === 'token' ? links.sheet : id}`).join('&');
    const body = JSON.stringify({ fileId: id, token: links.sheet });
    const headers: [string, string][] = [
      ['Host', 'waybill.test'],
      ['Content-Type', 'application/json'],
      ['Content-Length', String(body.length)],
      ['X-File-Id', id],
      ['X-Original-URL', `/api/download/${links.sheet}`],
      ['X-Rewrite-URL', `/api/download/${links.sheet}`],
      ['X-HTTP-Method-Override', 'DELETE'],
    ];
    const connection = await RawConnection.open(system.url);
    await connection.send(requestHead(`GET /api/download/${links.report}?${query}`, headers) + body);
    const answer = await connection.answer();
    connection.end();
    expect(answer!.status).toBe(200);
    expect(answer!.body.equals(files.report.bytes)).toBe(true);
  });

  it('L01 is over when its time is: 410, and a changed one of its kind is as unknown as ever', async () => {
    const token = await tokenOf(ada, files.report.id, 1);
    const late = await waitFor('the link to expire', async () => {
      const answer = await get(token);
      return answer.status === 200 ? null : answer;
    });
    expect([late.status, late.body.code]).toEqual([410, 'GONE']);
    expect((await get(token, { headers: { date: 'Mon, 01 Jan 2024 00:00:00 GMT' } })).status).toBe(410);
    await expectNothing([token.slice(0, -1) + flip(token.at(-1)!, 5)]);
  });

  it('L01 leaves nothing behind', () => assertInvariants(system));
});
