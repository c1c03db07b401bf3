import { randomUUID } from 'node:crypto';
import { largeDocument } from '../../fixtures/documents';
import { BOUNDARY, field, filePart, form, part } from './form';

/** What a file may have where these bodies are sent; one of them has a byte more. */
export const FORM_LIMIT = 1024 * 1024;
export const DOCUMENT = Buffer.concat([...largeDocument(200_000)]);
/** The form that most of them were made of, sound. */
export const FORM = form(field('title', 'Good'), filePart(DOCUMENT));

/** How a body is refused, by the API's code. */
export type Refusal = 'MALFORMED_BODY' | 'VALIDATION_FAILED' | 'FILE_TOO_LARGE';

const text = (body: string): Buffer => Buffer.from(body.replaceAll('BOUNDARY', BOUNDARY));
const many = (count: number, make: (index: number) => Buffer): Buffer[] =>
  Array.from({ length: count }, (_, index) => make(index));
const file = filePart(DOCUMENT);

/** Bodies that are no form, or more of one than anybody needs. */
export const BROKEN_FORMS: readonly [title: string, outcome: Refusal, body: Buffer][] = [
  ['no closing boundary', 'MALFORMED_BODY', FORM.subarray(0, -BOUNDARY.length - 6)],
  ['half a closing boundary', 'MALFORMED_BODY', FORM.subarray(0, -4)],
  ['nothing', 'MALFORMED_BODY', Buffer.alloc(0)],
  ['no boundary', 'MALFORMED_BODY', DOCUMENT],
  [
    'another boundary',
    'MALFORMED_BODY',
    Buffer.from(FORM.toString('latin1').replaceAll(BOUNDARY, 'other'), 'latin1'),
  ],
  [
    'a boundary that goes on',
    'MALFORMED_BODY',
    Buffer.from(FORM.toString('latin1').replaceAll(BOUNDARY, `${BOUNDARY}x`), 'latin1'),
  ],
  [
    'lines that end in LF alone',
    'MALFORMED_BODY',
    text('--BOUNDARY\nContent-Disposition: form-data; name="file"; filename="a.docx"\n\nx\n--BOUNDARY--\n'),
  ],
  ['nothing but its end', 'VALIDATION_FAILED', text('--BOUNDARY--\r\n')],
  [
    'a megabyte before it',
    'MALFORMED_BODY',
    Buffer.concat([Buffer.alloc(FORM_LIMIT, 'x'), text('\r\n'), FORM]),
  ],
  ['half a megabyte behind it', 'MALFORMED_BODY', Buffer.concat([FORM, Buffer.alloc(FORM_LIMIT / 2, 'x')])],
  ['another form behind it', 'MALFORMED_BODY', Buffer.concat([FORM, FORM])],
  [
    'a part header of a megabyte',
    'VALIDATION_FAILED',
    form(part(`X-Long: ${'x'.repeat(FORM_LIMIT)}`, ''), file),
  ],
  [
    'a thousand header lines',
    'MALFORMED_BODY',
    form(part(Array(1000).fill('X-A: 1').join('\r\n'), ''), file),
  ],
  [
    'a folded header line',
    'MALFORMED_BODY',
    form(part('Content-Disposition: form-data;\r\n name="title"', 'x'), file),
  ],
  [
    'a header line twice',
    'MALFORMED_BODY',
    form(
      part(
        'Content-Disposition: form-data; name="title"\r\nContent-Disposition: form-data; name="file"; filename="a.docx"',
        'x',
      ),
    ),
  ],
  ['a part without a disposition', 'MALFORMED_BODY', form(part('Content-Type: text/plain', 'x'), file)],
  [
    'a part without a name',
    'MALFORMED_BODY',
    form(part('Content-Disposition: form-data; filename="a.docx"', DOCUMENT)),
  ],
  [
    'two names in one part',
    'MALFORMED_BODY',
    form(part('Content-Disposition: form-data; name="file"; name="title"; filename="a.docx"', DOCUMENT)),
  ],
  [
    'two file names in one part',
    'MALFORMED_BODY',
    form(part('Content-Disposition: form-data; name="file"; filename="a.docx"; filename="b.docx"', DOCUMENT)),
  ],
  [
    'a part in base64',
    'MALFORMED_BODY',
    form(
      part('Content-Disposition: form-data; name="title"\r\nContent-Transfer-Encoding: base64', 'eA=='),
      file,
    ),
  ],
  [
    'a form within the form',
    'MALFORMED_BODY',
    form(
      part(
        'Content-Disposition: form-data; name="file"\r\nContent-Type: multipart/mixed; boundary=inner',
        '--inner\r\n\r\nx\r\n--inner--',
      ),
    ),
  ],
  ['an empty name', 'VALIDATION_FAILED', form(field('', 'x'), file)],
  ['a thousand fields', 'VALIDATION_FAILED', form(...many(1000, (index) => field(`f${index}`, 'x')), file)],
  [
    'a thousand parts behind the file',
    'VALIDATION_FAILED',
    form(file, ...many(1000, () => field('tags', 'x'))),
  ],
  ['a thousand files', 'VALIDATION_FAILED', form(...many(1000, () => filePart('x')))],
  ['a field nested 5,000 deep', 'VALIDATION_FAILED', form(field(`a${'[b]'.repeat(2000)}`, 'x'), file)],
  [
    '5,000 nested fields',
    'VALIDATION_FAILED',
    form(...many(5000, (index) => field(`a[b][c${index}]`, 'x')), file),
  ],
  ['nested fields that are one too many', 'VALIDATION_FAILED', form(field('a[b][c]', 'x'), file)],
  ['a list of a thousand million', 'VALIDATION_FAILED', form(field('a[999999999]', 'x'), file)],
  ['a name of JavaScript', 'VALIDATION_FAILED', form(field('__proto__', '{"polluted":1}'), file)],
  [
    'a nested name of JavaScript',
    'VALIDATION_FAILED',
    form(field('constructor[prototype][polluted]', '1'), file),
  ],
  ['a field of a megabyte', 'VALIDATION_FAILED', form(field('title', 'x'.repeat(FORM_LIMIT)), file)],
  ['a field that is no UTF-8', 'MALFORMED_BODY', form(field('title', Buffer.from([0xff])), file)],
  ['two files', 'VALIDATION_FAILED', form(file, file)],
  ['two files, one of which is nobody’s', 'VALIDATION_FAILED', form(file, filePart('x', { name: 'other' }))],
  ['no file', 'VALIDATION_FAILED', form(field('title', 'x'))],
  ['a file under another name', 'VALIDATION_FAILED', form(filePart(DOCUMENT, { name: 'document' }))],
  [
    'a file under the name of a field',
    'VALIDATION_FAILED',
    form(filePart(DOCUMENT, { name: 'title' }), file),
  ],
  ['a file that is a field', 'VALIDATION_FAILED', form(field('file', 'x'))],
  ['a file that is a list', 'VALIDATION_FAILED', form(filePart(DOCUMENT, { name: 'file[]' }))],
  ['a wrong field before the file', 'VALIDATION_FAILED', form(field('visibility', 'everybody'), file)],
  ['a wrong field behind the file', 'VALIDATION_FAILED', form(file, field('visibility', 'everybody'))],
  ['an unknown field behind the file', 'VALIDATION_FAILED', form(file, field('ownerId', randomUUID()))],
  ['a field twice', 'VALIDATION_FAILED', form(field('title', 'a'), file, field('title', 'b'))],
  ['a file of more than the limit', 'FILE_TOO_LARGE', form(filePart(Buffer.alloc(FORM_LIMIT + 1)))],
];
