import { FormFingerprint } from './form-fingerprint';

type Field = readonly [name: string, value: string];

interface Form {
  before?: Field[];
  after?: Field[];
  file?: { fileName?: string; contentType?: string | null };
  chunks?: string[];
}

function received({ before = [], after = [], file = {}, chunks = ['bytes'] }: Form): FormFingerprint {
  const form = new FormFingerprint();
  for (const [name, value] of before) form.onField(name, value);
  form.onFile({ name: 'file', fileName: 'a.docx', contentType: null, ...file });
  for (const chunk of chunks) form.onFileData(Buffer.from(chunk));
  form.onFileEnd();
  for (const [name, value] of after) form.onField(name, value);
  return form;
}

function textOf(form: Form): string | null {
  const fingerprint = received(form);
  fingerprint.onFormEnd();
  return fingerprint.text;
}

const TITLE = ['title', 'A'] as const;
const TAGS = [
  ['tags', 'a'],
  ['tags', 'b'],
] as const;

describe('FormFingerprint', () => {
  it('says nothing before the form has come whole', () => {
    expect(received({ before: [TITLE] }).text).toBeNull();
  });

  it('is of a form without a file, too', () => {
    const form = new FormFingerprint();
    form.onField(...TITLE);
    form.onFormEnd();
    expect(form.text).not.toBeNull();
    expect(form.text).not.toBe(textOf({ before: [TITLE] }));
  });

  it.each<[string, Form, Form]>([
    ['a field before the file, and after it', { before: [TITLE] }, { after: [TITLE] }],
    ['fields in another order', { before: [TITLE, ...TAGS] }, { before: [...TAGS, TITLE] }],
    ['a repeated field around the file', { before: [...TAGS] }, { before: [TAGS[0]], after: [TAGS[1]] }],
    ['bytes in other pieces', { chunks: ['bytes'] }, { chunks: ['by', 'te', 's'] }],
    ['no bytes at all', { chunks: [] }, { chunks: [] }],
  ])('is the same for %s', (_, one, other) => {
    expect(textOf(one)).toBe(textOf(other));
  });

  it.each<[string, Form, Form]>([
    ['other bytes', {}, { chunks: ['other'] }],
    ['another name of the file', {}, { file: { fileName: 'b.docx' } }],
    ['another type', {}, { file: { contentType: 'text/plain' } }],
    ['another value', { before: [TITLE] }, { before: [['title', 'B']] }],
    ['a missing field', { before: [TITLE] }, {}],
    ['another order of a repeated field', { before: [...TAGS] }, { before: [...TAGS].reverse() }],
    ['a value that looks like two fields', { before: [...TAGS] }, { before: [['tags', 'a"],["tags","b']] }],
  ])('is another for %s', (_, one, other) => {
    expect(textOf(one)).not.toBe(textOf(other));
  });
});
