import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES } from '@waybill/core/kernel';
import { Ajv2020 } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

interface Media {
  schema: { format?: string };
  example?: unknown;
  examples?: Record<string, { $ref?: string; value?: unknown }>;
}

interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security: object[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { description: string; content?: Record<string, Media> }>;
}

const document = JSON.parse(readFileSync(join(__dirname, '../../openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
  tags: { name: string; description: string }[];
  components: {
    examples: Record<string, { value: { code: string } }>;
    securitySchemes: Record<string, object>;
  };
};

const OPERATIONS = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    where: `${method.toUpperCase()} ${path}`,
    path,
    method,
    operation,
  })),
);

/** Every body of an operation, with the JSON pointer of where it stands. */
const BODIES = OPERATIONS.flatMap(({ where, path, method, operation }) => {
  const at = ['paths', path, method];
  const bodies = (what: string, base: string[], content: Record<string, Media> = {}) =>
    Object.entries(content).map(([type, media]) => ({
      what: `${where}: ${what} as ${type}`,
      pointer: [...base, 'content', type, 'schema'].map(escaped).join('/'),
      type,
      media,
    }));
  return [
    ...bodies('the request', [...at, 'requestBody'], operation.requestBody?.content),
    ...Object.entries(operation.responses).flatMap(([status, { content }]) =>
      bodies(status, [...at, 'responses', status], content),
    ),
  ];
});

function escaped(step: string): string {
  return encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'));
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema(document, 'openapi.json');

/** What shows how a body looks: its one example, or several by name. */
function examplesOf({ example, examples = {} }: Media): unknown[] {
  if (example !== undefined) return [example];
  return Object.values(examples).map(({ $ref, value }) =>
    $ref === undefined ? value : document.components.examples[$ref.split('/').at(-1)!]?.value,
  );
}

describe('openapi.json', () => {
  it.each(OPERATIONS)('says of $where what it does', ({ operation }) => {
    const { operationId, summary, description, tags } = operation;
    expect(operationId).toMatch(/^[a-z][A-Za-z]+$/);
    expect(summary).toMatch(/^[A-Z][^\n]{3,80}[^.\n]$/);
    expect(description.length).toBeGreaterThan(10);
    expect(tags).toHaveLength(1);
  });

  it.each(OPERATIONS)('says of $where who may use it, and how it refuses', ({ operation }) => {
    const { security, responses } = operation;
    for (const scheme of security.flatMap(Object.keys)) {
      expect(document.components.securitySchemes).toHaveProperty(scheme);
    }
    const refusals = Object.keys(responses).filter((status) => !/^[23]/.test(status));
    expect(refusals).toEqual(expect.arrayContaining(['429', 'default']));
    if (security.length > 0) expect(refusals).toContain('401');
    for (const status of refusals) {
      expect(Object.keys(responses[status]!.content!)).toEqual(['application/problem+json']);
    }
  });

  // Bytes and streams of a file have no example that could be read.
  it.each(BODIES.filter(({ media }) => media.schema.format !== 'binary'))(
    'shows $what',
    ({ pointer, media }) => {
      const examples = examplesOf(media);
      expect(examples.length).toBeGreaterThan(0);
      const validate = ajv.compile({ $ref: `openapi.json#/${pointer}` });
      for (const example of examples) {
        validate(example);
        expect(validate.errors ?? []).toEqual([]);
      }
    },
  );

  it('shows every problem under its own code', () => {
    for (const [code, { value }] of Object.entries(document.components.examples)) {
      expect(ERROR_CODES).toContain(code);
      expect(value.code).toBe(code);
    }
  });

  it('lists its tags in the order of reading, and no operation is without', () => {
    const names = document.tags.map(({ name }) => name);
    expect(names[0]).toBe('Auth');
    expect(names.at(-1)).toBe('Operations');
    expect(new Set(OPERATIONS.flatMap(({ operation }) => operation.tags))).toEqual(new Set(names));
    for (const { description } of document.tags) expect(description).toMatch(/\.$/);
  });
});
