import { createHash } from 'node:crypto';
import { largeDocument } from '../fixtures/documents';
import { rawRequest, requestHead, type RawAnswer } from '../support/raw';
import { assertInvariants, TestSystem, type ApiClient } from '../support/system';

jest.setTimeout(60_000);

/** Four segments: their plaintext ends at 1,048,520, then after 1,048,560 each. */
const SIZE = 3 * 1024 * 1024 + 1;
const CONTENT = Buffer.concat([...largeDocument(SIZE)]);
const DIGEST = createHash('sha256').update(CONTENT).digest();
const ETAG = `"${DIGEST.toString('base64url')}"`;

let system: TestSystem;
let link: string;

beforeAll(async () => {
  system = await TestSystem.start();
  const ops: ApiClient = await system.client('ops');
  const { fileId } = await ops.uploadAndWait(CONTENT);
  const client = await system.client('client');
  link = await client.downloadLink(fileId, 3600);
}, 60_000);
afterAll(() => system?.stop(), 30_000);

async function ask(headers: Record<string, string>, method = 'GET'): Promise<RawAnswer> {
  const lines: [string, string][] = [['Host', 'waybill.test'], ...Object.entries(headers)];
  return (await rawRequest(system.url, requestHead(`${method} ${link}`, lines)))!;
}

/** What every answer about these bytes says of them. */
function expectDescribed(answer: RawAnswer): void {
  expect(answer.all('ETag')).toEqual([ETAG]);
  expect(answer.all('Accept-Ranges')).toEqual(['bytes']);
}

function expectWhole(answer: RawAnswer): void {
  expect(answer.status).toBe(200);
  expect(answer.all('Content-Length')).toEqual([String(SIZE)]);
  expect(answer.all('Content-Range')).toEqual([]);
  expect(answer.all('Repr-Digest')).toEqual([`sha-256=:${DIGEST.toString('base64')}:`]);
  expectDescribed(answer);
  expect(answer.body.equals(CONTENT)).toBe(true);
}

function expectPart(answer: RawAnswer, first: number, last: number): void {
  expect(answer.status).toBe(206);
  expect(answer.all('Content-Range')).toEqual([`bytes ${first}-${last}/${SIZE}`]);
  expect(answer.all('Content-Length')).toEqual([String(last + 1 - first)]);
  expect(answer.all('Repr-Digest')).toEqual([`sha-256=:${DIGEST.toString('base64')}:`]);
  expectDescribed(answer);
  expect(answer.body.equals(CONTENT.subarray(first, last + 1))).toBe(true);
}

/** The last byte of each segment, the one before and the one after it. */
const SEAMS = [1_048_520, 2_097_080, 3_145_640].flatMap((end) => [end - 2, end - 1, end, end + 1]);

describe('a range', () => {
  it.each<[range: string, first: number, last: number]>([
    ['bytes=0-0', 0, 0],
    ['bytes=0-99', 0, 99],
    [`bytes=${SIZE - 1}-`, SIZE - 1, SIZE - 1],
    [`bytes=${SIZE - 1}-${SIZE - 1}`, SIZE - 1, SIZE - 1],
    ['bytes=-1', SIZE - 1, SIZE - 1],
    ['bytes=-100', SIZE - 100, SIZE - 1],
    [`bytes=-${SIZE}`, 0, SIZE - 1],
    [`bytes=-${SIZE + 1}`, 0, SIZE - 1],
    ['bytes=-99999999999999999999999', 0, SIZE - 1],
    ['bytes=0-', 0, SIZE - 1],
    ['bytes=1-', 1, SIZE - 1],
    [`bytes=0-${SIZE}`, 0, SIZE - 1],
    ['bytes=0-99999999999999999999999', 0, SIZE - 1],
    ['bytes=1048519-1048521', 1_048_519, 1_048_521],
    ['bytes=1048519-1048519', 1_048_519, 1_048_519],
    ['bytes=1048520-1048520', 1_048_520, 1_048_520],
    ['bytes=1048520-', 1_048_520, SIZE - 1],
    ['bytes=1048520-2097079', 1_048_520, 2_097_079],
    ['bytes=1048519-2097080', 1_048_519, 2_097_080],
    ['bytes=3145640-', 3_145_640, SIZE - 1],
    ['bytes=1000000-3145700', 1_000_000, 3_145_700],
    ['bytes= 5-9 ', 5, 9],
    ['BYTES=5-9', 5, 9],
    ['bytes=,5-9,', 5, 9],
    ['bytes=0000000005-0000000009', 5, 9],
  ])('L11 %s is that part', async (range, first, last) => {
    expectPart(await ask({ Range: range }), first, last);
  });

  it('L11 of a byte or two at every seam of the segments is right', async () => {
    for (const at of SEAMS) {
      expectPart(await ask({ Range: `bytes=${at}-${at}` }), at, at);
      expectPart(await ask({ Range: `bytes=${at}-${at + 1}` }), at, at + 1);
    }
  });

  it('L11 anywhere is right, and all of them together are the file', async () => {
    const step = 262_139; // a prime, so that no cut falls on a seam
    const parts: Buffer[] = [];
    for (let first = 0; first < SIZE; first += step) {
      const last = Math.min(first + step, SIZE) - 1;
      const answer = await ask({ Range: `bytes=${first}-${last}` });
      expectPart(answer, first, last);
      parts.push(answer.body);
    }
    expect(Buffer.concat(parts).equals(CONTENT)).toBe(true);
  });

  it.each([`bytes=${SIZE}-`, `bytes=${SIZE}-${SIZE + 10}`, 'bytes=99999999999999999999-', 'bytes=-0'])(
    'L11 %s lies past the end: 416 that tells the size',
    async (range) => {
      const answer = await ask({ Range: range });
      expect([answer.status, answer.json().code]).toEqual([416, 'RANGE_NOT_SATISFIABLE']);
      expect(answer.all('Content-Range')).toEqual([`bytes */${SIZE}`]);
      expect(answer.all('Content-Type')).toEqual(['application/problem+json']);
      expect(answer.all('Content-Disposition')).toEqual([]);
    },
  );

  const manyTiny = Array.from({ length: 1_000 }, (_, index) => `${index * 3}-${index * 3}`).join(',');
  it.each([
    ['reversed', 'bytes=100-50'],
    ['of two parts', 'bytes=0-9,20-29'],
    ['of a thousand tiny parts', `bytes=${manyTiny}`],
    ['of a thousand times the whole', `bytes=${Array(1_000).fill('0-').join(',')}`],
    ['that overlaps itself', 'bytes=0-,0-,0-'],
    ['of another unit', 'items=0-9'],
    ['without a unit', '0-9'],
    ['negative', 'bytes=-5-9'],
    ['in hexadecimal', 'bytes=0x0-0x9'],
    ['with an exponent', 'bytes=1e3-2e3'],
    ['with a sign', 'bytes=+1-9'],
    ['with a fraction', 'bytes=1.5-9'],
    ['empty', 'bytes='],
    ['of a dash', 'bytes=-'],
    ['of letters', 'bytes=a-b'],
  ])('L11 %s is the whole, once', async (_title, range) => {
    expectWhole(await ask({ Range: range }));
  });
});

describe('a condition', () => {
  const past = 'Mon, 01 Jan 2024 00:00:00 GMT';
  const future = 'Fri, 01 Jan 2100 00:00:00 GMT';

  it('L11 If-Range with the present tag lets the range be', async () => {
    expectPart(await ask({ Range: 'bytes=7-9', 'If-Range': ETAG }), 7, 9);
  });

  it.each([
    ['a stale tag', '"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"'],
    ['the tag, weakened', `W/${ETAG}`],
    ['the tag without its quotes', ETAG.slice(1, -1)],
    ['an early date', past],
    ['a late date', future],
    ['several tags', `${ETAG}, ${ETAG}`],
    ['an asterisk', '*'],
    ['nonsense', '"'],
  ])('L11 If-Range with %s makes it the whole', async (_title, value) => {
    expectWhole(await ask({ Range: 'bytes=7-9', 'If-Range': value }));
  });

  it.each([
    ['its tag', ETAG],
    ['its tag, weakened', `W/${ETAG}`],
    ['one of several', `"other", ${ETAG}`],
    ['any', '*'],
  ])('L11 If-None-Match with %s is 304 without a byte', async (_title, value) => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await ask({ 'If-None-Match': value, Range: 'bytes=0-9' }, method);
      expect([method, answer.status, answer.body.length]).toEqual([method, 304, 0]);
      expect(answer.all('ETag')).toEqual([ETAG]);
    }
  });

  it('L11 If-None-Match with another tag, or a date that means nothing here, is the whole', async () => {
    expectWhole(await ask({ 'If-None-Match': '"other"' }));
    expectWhole(await ask({ 'If-Modified-Since': future }));
  });

  it('L11 If-Match with another tag is 412, with its own the range', async () => {
    const refused = await ask({ 'If-Match': '"other"', Range: 'bytes=0-9' });
    expect([refused.status, refused.json().code]).toEqual([412, 'PRECONDITION_FAILED']);
    expectPart(await ask({ 'If-Match': ETAG, Range: 'bytes=0-9' }), 0, 9);
  });
});

describe('HEAD', () => {
  it.each([{}, { Range: 'bytes=0-9' }, { Range: `bytes=${SIZE}-` }, { 'If-Range': '"other"' }])(
    'L11 with %j tells of the whole, and sends nothing',
    async (headers) => {
      const answer = await ask(headers as Record<string, string>, 'HEAD');
      expect([answer.status, answer.body.length]).toEqual([200, 0]);
      expect(answer.all('Content-Length')).toEqual([String(SIZE)]);
      expect(answer.all('Content-Range')).toEqual([]);
      expect(answer.all('Repr-Digest')).toEqual([`sha-256=:${DIGEST.toString('base64')}:`]);
      expectDescribed(answer);
    },
  );
});

it('L11 leaves nothing open', () => assertInvariants(system));
