import type { OpenAPIObject } from '@nestjs/swagger';
import { ERROR_CODES } from '@waybill/core/kernel';
import { problemExample } from '@waybill/platform/http';
import { nameOf, operationsOf, resolve, schemasOf, type Media, type Schema } from './operations';
import { PAGE, VOCABULARY } from './vocabulary';

/**
 * Gives every body of the document an example: out of what its properties say of themselves, and of the vocabulary, so
 * that the same thing has the same name throughout. Of a request, what is optional is shown only where it has an
 * example of its own.
 */
export function giveExamples(document: OpenAPIObject): OpenAPIObject {
  const schemas = schemasOf(document);
  const used = new Set<string>();
  for (const { operation } of operationsOf(document)) {
    for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) {
      illustrate(type, media, new ExampleMaker(schemas, true));
    }
    for (const { content = {} } of Object.values(operation.responses)) {
      for (const [type, media] of Object.entries(content)) {
        illustrate(type, media, new ExampleMaker(schemas, false));
        for (const name of Object.keys(media.examples ?? {})) used.add(name);
      }
    }
  }
  const problems = ERROR_CODES.filter((code) => used.has(code)).map((code) => [code, problemExample(code)]);
  return { ...document, components: { ...document.components, examples: Object.fromEntries(problems) } };
}

function illustrate(type: string, media: Media, maker: ExampleMaker): void {
  if (media.example !== undefined || media.examples !== undefined || media.schema === undefined) return;
  const example = type === 'text/html' ? PAGE : maker.exampleOf(media.schema);
  if (example !== undefined) media.example = example;
}

class ExampleMaker {
  constructor(
    private readonly schemas: Record<string, Schema>,
    private readonly request: boolean,
  ) {}

  /** Undefined where nothing true can be said. */
  exampleOf(schema: Schema, ...names: string[]): unknown {
    const known = resolve(schema, this.schemas);
    if (known.example !== undefined) return known.example;
    if (known.format === 'binary') return this.request ? '(the bytes of the file)' : undefined;
    if (known.properties !== undefined) return this.object(known, nameOf(schema));
    const spoken = names.map((name) => VOCABULARY[name]).find((value) => value !== undefined);
    if (spoken !== undefined && fits(spoken, known)) return spoken;
    if (known.default !== undefined) return known.default;
    if (types(known).includes('null')) return null;
    if (known.enum !== undefined) return known.enum[0];
    if (known.items !== undefined) {
      const item = this.exampleOf(known.items);
      return item === undefined ? [] : [item];
    }
    return undefined;
  }

  private object({ properties = {}, required = [] }: Schema, owner: string): Record<string, unknown> {
    const entries = Object.entries(properties)
      .filter(([name, schema]) => !this.request || required.includes(name) || saysItself(schema))
      .map(([name, schema]) => [name, this.exampleOf(schema, `${owner}.${name}`, name)] as const);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }
}

const saysItself = ({ example = '', default: otherwise = '' }: Schema): boolean =>
  example !== '' || otherwise !== '';

const types = ({ type = [] }: Schema): string[] => (Array.isArray(type) ? type : [type]);

/** The same word can stand for several things: the status of a file is not that of an upload. */
function fits(value: unknown, schema: Schema): boolean {
  if (schema.enum !== undefined) return schema.enum.includes(value);
  if (Array.isArray(value)) return types(schema).includes('array');
  if (typeof value === 'number') return types(schema).some((type) => type === 'integer' || type === 'number');
  return types(schema).includes(typeof value);
}
