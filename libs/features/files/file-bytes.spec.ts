import { sha256 } from '@waybill/core/crypto';
import { answerBytes, representationOf } from './file-bytes';

const file = representationOf({
  name: 'report.docx',
  mediaType: 'application/pdf',
  size: 3 * 1024 * 1024 + 1,
  sha256: sha256('bytes'),
});
const ETAG = `"${file.sha256.toString('base64url')}"`;

describe('the answer with bytes', () => {
  it('has the headers of the contract', () => {
    expect(answerBytes('GET', {}, file)).toEqual({
      status: 200,
      range: { start: 0, end: file.size },
      headers: {
        'Accept-Ranges': 'bytes',
        'Cache-Control': 'private, no-store',
        'Content-Disposition': `attachment; filename="report.docx"; filename*=UTF-8''report.docx`,
        'Content-Length': String(file.size),
        'Content-Security-Policy':
          "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
        'Content-Type': 'application/pdf',
        'Cross-Origin-Resource-Policy': 'same-origin',
        ETag: ETAG,
        'Referrer-Policy': 'no-referrer',
        'Repr-Digest': `sha-256=:${file.sha256.toString('base64')}:`,
        'X-Content-Type-Options': 'nosniff',
      },
    });
  });

  it.each([
    'text/html',
    'image/svg+xml',
    'application/xhtml+xml',
    'multipart/related',
    'text/html; charset=utf-8',
    'application/javascript',
    '',
  ])('L10 never calls itself %j', (mediaType) => {
    expect(answerBytes('GET', {}, { ...file, mediaType }).headers['Content-Type']).toBe(
      'application/octet-stream',
    );
  });

  it.each<[string, [number, number]]>([
    ['bytes=0-0', [0, 1]],
    ['bytes=1048519-1048521', [1048519, 1048522]],
    ['bytes=3145728-', [3145728, 3145729]],
    ['bytes=-1', [3145728, 3145729]],
    ['bytes=100-99999999999', [100, 3145729]],
  ])('L11 to %s is a part', (range, [start, end]) => {
    const answer = answerBytes('GET', { range }, file);
    expect(answer).toMatchObject({ status: 206, range: { start, end } });
    expect(answer.headers).toMatchObject({
      'Content-Range': `bytes ${start}-${end - 1}/${file.size}`,
      'Content-Length': String(end - start),
      'Repr-Digest': `sha-256=:${file.sha256.toString('base64')}:`,
    });
  });

  it.each(['bytes=0-1,5-6', `bytes=${'0-0,'.repeat(1000)}1-1`, 'bytes=5-1', 'bytes=x', 'items=0-1'])(
    'L11 to %.30s is the whole',
    (range) =>
      expect(answerBytes('GET', { range }, file)).toMatchObject({
        status: 200,
        range: { start: 0, end: file.size },
      }),
  );

  it.each(['bytes=3145729-', 'bytes=99999999999999999999-', 'bytes=-0'])(
    'L11 to %s is refused with the size',
    (range) => {
      expect(() => answerBytes('GET', { range }, file)).toThrow(
        expect.objectContaining({
          code: 'RANGE_NOT_SATISFIABLE',
          headers: { 'Content-Range': `bytes */${file.size}`, 'Accept-Ranges': 'bytes' },
        }),
      );
    },
  );

  it.each<[string, Record<string, string>, number]>([
    ['If-Range that holds', { range: 'bytes=0-0', 'if-range': ETAG }, 206],
    ['If-Range that is stale', { range: 'bytes=0-0', 'if-range': '"old"' }, 200],
    ['If-Range that is weak', { range: 'bytes=0-0', 'if-range': `W/${ETAG}` }, 200],
    ['If-None-Match that holds', { 'if-none-match': `"x", ${ETAG}` }, 304],
    ['If-None-Match that does not', { 'if-none-match': '"x"' }, 200],
    ['If-None-Match before Range', { 'if-none-match': ETAG, range: 'bytes=0-0' }, 304],
    ['If-Match that holds', { 'if-match': ETAG }, 200],
  ])('%s', (_, headers, status) => expect(answerBytes('GET', headers, file).status).toBe(status));

  it('refuses an If-Match of something else', () => {
    expect(() => answerBytes('GET', { 'if-match': '"old"' }, file)).toThrow(
      expect.objectContaining({ code: 'PRECONDITION_FAILED' }),
    );
  });

  it('to HEAD has no bytes, and no range', () => {
    const { status, range, headers } = answerBytes('HEAD', { range: 'bytes=0-0' }, file);
    expect([status, range, headers['Content-Length']]).toEqual([200, null, String(file.size)]);
  });

  it('says nothing of the bytes it does not send', () => {
    const { headers, range } = answerBytes('GET', { 'if-none-match': ETAG }, file);
    expect([range, headers.ETag, headers['Content-Length'], headers['Content-Type']]).toEqual([
      null,
      ETAG,
      undefined,
      undefined,
    ]);
  });
});
