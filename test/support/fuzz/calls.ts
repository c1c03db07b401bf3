import fc, { type Arbitrary } from 'fast-check';
import type { ApiDocument, Operation, Parameter, Schema } from './document';
import { resolve } from './document';
import { hostileString, hostileValue, valid, type Vocabulary } from './values';

export const CALLERS = ['admin', 'ops', 'client', 'anonymous'] as const;
export type CallerName = (typeof CALLERS)[number];

export type Body =
  | { kind: 'none' }
  | { kind: 'text'; type: string; text: string }
  | {
      kind: 'form';
      fields: [string, string][];
      file: { name: string; type: string; content: string } | null;
    };

/** One request, as plain data that can be printed and made again. */
export interface Call {
  operation: Operation;
  caller: CallerName;
  path: Record<string, string>;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: Body;
}

/** A name in braces stands for something that exists when the call is made. */
const live = (kind: string): Arbitrary<string> => fc.nat(20).map((pick) => `{${kind}:${pick}}`);

const VOCABULARY: Vocabulary = {
  email: fc.oneof(
    live('email'),
    fc.nat(100_000).map((n) => `new-${n}@example.org`),
  ),
  recipients: live('email'),
  password: fc.oneof(live('password'), fc.constant('a long enough password')),
  refreshToken: live('refreshToken'),
  cursor: live('cursor'),
  uploadId: live('upload'),
  'X-Upload-Id': fc.oneof(fc.uuid(), live('upload')),
  'Idempotency-Key': fc.oneof(
    fc.nat(30).map((n) => `key-${n}`),
    fc.uuid(),
  ),
  'If-Match': fc.oneof(live('etag'), fc.constant('*')),
  'If-None-Match': fc.oneof(live('etag'), fc.constant('*')),
  'If-Range': live('etag'),
  Range: fc.constantFrom('bytes=0-0', 'bytes=-5', 'bytes=3-', 'bytes=99999999-', 'bytes=0-1,3-4', 'items=1'),
  sort: fc.constantFrom('createdAt', '-createdAt', 'name', '-name', 'size', '-size'),
};

/** Ids are called the same everywhere; what they are of is told by the address. */
function vocabularyOf({ path }: Operation): Vocabulary {
  const kind = path.includes('/users/') ? 'user' : path.includes('/api-keys/') ? 'apiKey' : 'file';
  const token = path.includes('/download/') ? 'download' : 'mailToken';
  return { ...VOCABULARY, id: live(kind), token: live(token) };
}

const headerSafe = (text: string): string => text.replace(/[^\x20-\x7e\x80-\xff]/g, '').trim();

function parameters(
  document: ApiDocument,
  { parameters: all }: Operation,
  vocabulary: Vocabulary,
  place: Parameter['in'],
): Arbitrary<Record<string, string>> {
  const here = all.filter((parameter) => parameter.in === place);
  const arbitraries = here.map(({ name, schema }) => {
    const good = valid(document, schema, vocabulary, name).map(String);
    return [name, fc.oneof({ arbitrary: good, weight: 5 }, { arbitrary: hostileString, weight: 1 })] as const;
  });
  const requiredKeys = place === 'path' ? here.map(({ name }) => name) : [];
  return fc.record(Object.fromEntries(arbitraries), { requiredKeys }) as Arbitrary<Record<string, string>>;
}

function only(body: Record<string, unknown>, names: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name)));
}

function jsonBody(document: ApiDocument, schema: Schema, vocabulary: Vocabulary): Arbitrary<Body> {
  const good = valid(document, schema, vocabulary) as Arbitrary<Record<string, unknown>>;
  const names = Object.keys(resolve(document, schema).properties ?? {});
  const anyName = fc.oneof(fc.constantFrom(...names), hostileString);
  const spoiled = fc
    .tuple(good, anyName, hostileValue, fc.boolean())
    .map(([body, name, value, drop]) =>
      Object.fromEntries(
        drop
          ? Object.entries(body).filter(([key]) => key !== name)
          : [...Object.entries(body), [name, value]],
      ),
    );
  const few = fc
    .tuple(good, fc.constantFrom(...names))
    .map(([body, name]) => only(body, [...(resolve(document, schema).required ?? []), name]));
  const text = fc.oneof(
    { arbitrary: good.map((body) => JSON.stringify(body)), weight: 3 },
    { arbitrary: few.map((body) => JSON.stringify(body)), weight: 4 },
    { arbitrary: spoiled.map((body) => JSON.stringify(body)), weight: 4 },
    { arbitrary: hostileValue.map((body) => JSON.stringify(body)), weight: 1 },
    {
      arbitrary: fc.constantFrom(
        '',
        '{',
        '{"a":1,}',
        '\ufeff{}',
        '[' + '['.repeat(500),
        '{"__proto__":{"a":1}}',
      ),
      weight: 1,
    },
  );
  const type = fc.oneof(
    { arbitrary: fc.constant('application/json'), weight: 12 },
    {
      arbitrary: fc.constantFrom('text/plain', 'application/json; charset=latin1', 'application/xml'),
      weight: 1,
    },
  );
  return fc.oneof(
    {
      arbitrary: fc.tuple(type, text).map(([as, body]): Body => ({ kind: 'text', type: as, text: body })),
      weight: 15,
    },
    { arbitrary: fc.constant<Body>({ kind: 'none' }), weight: 1 },
  );
}

/** Contents by name; the first is the only one that is what it says. */
const CONTENTS = ['document', 'empty', 'text', 'zip', 'truncated'];
const TYPES = [
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/octet-stream',
  'text/html',
];

function formBody(document: ApiDocument, schema: Schema, vocabulary: Vocabulary): Arbitrary<Body> {
  const { file: _file, ...properties } = resolve(document, schema).properties ?? {};
  const good = valid(document, { type: 'object', properties }, vocabulary) as Arbitrary<
    Record<string, unknown>
  >;
  const goodFields = fc.oneof(
    fc.constant<[string, string][]>([['title', 'Offer']]), // chance hardly ever agrees with all rules at once
    good.map((body) => Object.entries(body).map(([key, value]): [string, string] => [key, String(value)])),
  );
  const extra = fc.tuple(fc.oneof(fc.constantFrom(...Object.keys(properties)), hostileString), hostileString);
  const fields = fc.oneof(
    goodFields,
    fc.tuple(goodFields, extra).map(([all, one]) => [...all, one]),
  );
  const mostly = <T>(usual: T, ...others: T[]): Arbitrary<T> =>
    fc.oneof(
      { arbitrary: fc.constant(usual), weight: 4 },
      { arbitrary: fc.constantFrom(...others), weight: 1 },
    );
  const file = fc.record({
    name: mostly('offer.docx', 'offer.exe', 'x', '..', 'a"b\\.docx', '\u202excod.docx', 'offer.DOCX'),
    type: mostly(...(TYPES as [string, ...string[]])),
    content: mostly(...(CONTENTS as [string, ...string[]])),
  });
  const whole = fc.tuple(fields, fc.option(file, { freq: 10 }));
  return fc.oneof(
    {
      arbitrary: whole.map(([all, one]): Body => ({ kind: 'form', fields: all, file: one })),
      weight: 12,
    },
    {
      arbitrary: fc.constantFrom<Body>(
        { kind: 'none' },
        { kind: 'text', type: 'multipart/form-data', text: 'x' },
        { kind: 'text', type: 'multipart/form-data; boundary=x', text: '--x\r\nbroken' },
        { kind: 'text', type: 'application/json', text: '{}' },
      ),
      weight: 1,
    },
  );
}

function bodyOf(document: ApiDocument, operation: Operation, vocabulary: Vocabulary): Arbitrary<Body> {
  const content = operation.requestBody?.content ?? {};
  const json = content['application/json'];
  if (json !== undefined) return jsonBody(document, json.schema, vocabulary);
  const form = content['multipart/form-data'];
  return form ? formBody(document, form.schema, vocabulary) : fc.constant({ kind: 'none' });
}

/** Requests to one operation: as documented, nearly so, and hostile. */
function callsOf(document: ApiDocument, operation: Operation): Arbitrary<Call> {
  const vocabulary = vocabularyOf(operation);
  const headers = parameters(document, operation, vocabulary, 'header').map((all) =>
    Object.fromEntries(Object.entries(all).map(([name, value]) => [name, headerSafe(value)])),
  );
  return fc.record({
    operation: fc.constant(operation),
    caller: fc.oneof(fc.constantFrom(...CALLERS), fc.constant<CallerName>('ops')), // whoever may the most
    path: parameters(document, operation, vocabulary, 'path'),
    query: parameters(document, operation, vocabulary, 'query'),
    headers,
    body: bodyOf(document, operation, vocabulary),
  });
}

/** The calls of a run: the same for the same seed. */
export function sampleCalls(
  document: ApiDocument,
  operations: Operation[],
  count: number,
  seed: number,
): Call[] {
  const any = fc.oneof(...operations.map((operation) => callsOf(document, operation)));
  return fc.sample(any, { numRuns: count, seed });
}
