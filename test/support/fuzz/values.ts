import fc, { type Arbitrary } from 'fast-check';
import { resolve, type ApiDocument, type Schema } from './document';

/** Strings that have hurt somebody before. */
const HOSTILE_STRINGS = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\u202egnp.exe',
  '../../etc/passwd',
  "' OR 1=1 --",
  '$where',
  '__proto__',
  'constructor',
  '<script>alert(1)</script>',
  '\r\nX-Injected: 1',
  '%00',
  '%ZZ',
  'null',
  '-1',
  '1e309',
  '9007199254740993',
  '99999999999999999999',
  '0001-01-01T00:00:00Z',
  '+275760-09-13T00:00:00.001Z',
  '2026-02-30T00:00:00Z',
  'a'.repeat(5_000),
  '💥'.repeat(300),
];

export const hostileString: Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HOSTILE_STRINGS),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

/** JSON that has nothing to do with what was asked for. */
export const hostileValue: Arbitrary<unknown> = fc.oneof(
  hostileString,
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 1e308, 2 ** 53, [], {}, [null], { __proto__x: 1 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Values that live in the system, by what they are called in the document; drawn again for each call. */
export type Vocabulary = Record<string, Arbitrary<string>>;

/** Values as the schema wants them. */
export function valid(
  document: ApiDocument,
  reference: Schema,
  vocabulary: Vocabulary,
  name = '',
): Arbitrary<unknown> {
  const schema = resolve(document, reference);
  const choices = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (choices !== undefined)
    return fc.oneof(...choices.map((choice) => valid(document, choice, vocabulary, name)));
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const types = [schema.type ?? 'null'].flat();
  return fc.oneof(...types.map((type) => ofType(document, { ...schema, type }, vocabulary, name)));
}

function ofType(
  document: ApiDocument,
  schema: Schema & { type: string },
  vocabulary: Vocabulary,
  name: string,
): Arbitrary<unknown> {
  switch (schema.type) {
    case 'string':
      return text(schema, vocabulary, name);
    case 'integer':
    case 'number': {
      const [min, max] = [schema.minimum ?? -1_000, schema.maximum ?? Number.MAX_SAFE_INTEGER];
      return fc.oneof(
        fc.constantFrom(min, max),
        fc.integer({ min, max: Math.min(max, min + 100) }),
        fc.maxSafeInteger().map((number) => Math.min(Math.max(number, min), max)),
      );
    }
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(valid(document, schema.items ?? {}, vocabulary, name), {
        maxLength: Math.min(schema.maxItems ?? 5, 5),
      });
    case 'object': {
      const properties = Object.entries(schema.properties ?? {}).map(([key, value]) => [
        key,
        valid(document, value, vocabulary, key),
      ]);
      return fc.record(Object.fromEntries(properties) as Record<string, Arbitrary<unknown>>, {
        requiredKeys: schema.required ?? [],
      });
    }
    default:
      return fc.constant(null);
  }
}

function text(schema: Schema, vocabulary: Vocabulary, name: string): Arbitrary<string> {
  const free = fc.string({
    unit: 'grapheme',
    minLength: schema.minLength ?? 0,
    maxLength: Math.min(schema.maxLength ?? 40, 40 + (schema.minLength ?? 0)),
  });
  const known = vocabulary[name];
  if (known !== undefined) return fc.oneof({ arbitrary: known, weight: 4 }, { arbitrary: free, weight: 1 });
  if (schema.format === 'email') return fc.nat(50).map((number) => `fuzz-${number}@example.org`);
  if (schema.format === 'uuid') return fc.uuid();
  if (schema.format === 'date-time' || name === 'expiresAt')
    return fc
      .date({ min: new Date('2020-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
  if (/InSeconds$|^max/.test(name)) return fc.nat(100_000).map(String);
  return free;
}
