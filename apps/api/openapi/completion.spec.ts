import type { OpenAPIObject } from '@nestjs/swagger';
import { PUBLIC_OPERATION } from '@waybill/platform/http';
import { completeDocument } from './completion';

function documentOf(operation: object, path = '/api/files/{id}'): OpenAPIObject {
  return {
    openapi: '3.1.0',
    info: { title: 'x', version: '1' },
    tags: [{ name: 'Files' }, { name: 'Unused' }],
    paths: { [path]: { get: { tags: ['Files'], responses: {}, ...operation } } },
  } as OpenAPIObject;
}

const completed = (operation: object) =>
  completeDocument(documentOf(operation)).paths['/api/files/{id}']!.get!;

describe('the description of the API', () => {
  it('tells of guarded routes that they need a credential', () => {
    const operation = completed({});
    expect(Object.keys(operation.responses)).toEqual(['400', '401', '429', 'default']);
    expect(operation.security).toEqual([{ accessToken: [] }]);
  });

  it('tells of public routes that they need none', () => {
    const operation = completed({ [PUBLIC_OPERATION]: true });
    expect(Object.keys(operation.responses)).toEqual(['400', '429', 'default']);
    expect(operation.security).toEqual([]);
    expect(operation).not.toHaveProperty(PUBLIC_OPERATION);
  });

  it('tells which scopes open a route to keys, any of them', () => {
    expect(completed({ 'x-api-key-scopes': ['files:read', 'files:write'] }).security).toEqual([
      { accessToken: [] },
      { apiKey: ['files:read'] },
      { apiKey: ['files:write'] },
    ]);
  });

  it('leaves a public route the credential that it asks for itself', () => {
    const own = [{ metricsToken: [] }];
    expect(completed({ [PUBLIC_OPERATION]: true, security: own })).toMatchObject({
      security: own,
      responses: { 401: expect.anything() },
    });
  });

  it('asks for nothing that has a default', () => {
    const limit = { name: 'limit', in: 'query', required: true, schema: { type: 'integer', default: 20 } };
    expect(completed({ parameters: [limit] }).parameters).toMatchObject([
      { required: false },
      { name: 'id' },
    ]);
  });

  it.each([
    [{ required: ['name'], properties: { name: { type: 'string' } } }, true],
    [{ properties: { name: { type: 'string' } } }, undefined],
  ])('asks for the body %j: %j', (schema, required) => {
    const requestBody = { required: true, content: { 'application/json': { schema } } };
    expect(completed({ requestBody }).requestBody).toMatchObject({
      ...(required === undefined ? {} : { required }),
      content: {},
    });
    expect('required' in completed({ requestBody }).requestBody!).toBe(required === true);
  });

  it('leaves what a route says of itself', () => {
    const own = { description: 'Own words.' };
    expect(completed({ responses: { 401: own, 200: { description: '' } } }).responses).toMatchObject({
      401: own,
      200: { description: 'OK.' },
    });
  });

  it('names each parameter of a path once', () => {
    expect(completed({}).parameters).toEqual([
      {
        name: 'id',
        in: 'path',
        required: true,
        description: 'The id of the file.',
        schema: { type: 'string' },
      },
    ]);
    const own = { name: 'id', in: 'path', required: true, description: 'Own words.', schema: {} };
    expect(completed({ parameters: [own] }).parameters).toEqual([own]);
  });

  it.each([
    ['Lists files.', 'Lists files', undefined],
    ['Lists files', 'Lists files', undefined],
    ['Lists files. Newest\nfirst. Pages.', 'Lists files', 'Newest first. Pages.'],
    [undefined, undefined, undefined],
  ])('makes a headline of %j', (summary, headline, description) => {
    const operation = completed({ summary });
    expect(operation.summary).toBe(headline);
    expect(operation.description).toBe(description);
  });

  it('files a controller without a tag under its name', () => {
    expect(completed({ tags: ['auth'] }).tags).toEqual(['Auth']);
  });

  it('unwraps references, and lists no tag that nobody uses', () => {
    const document = documentOf({});
    document.components = {
      schemas: {
        A: { properties: { b: { description: 'B', allOf: [{ $ref: '#/components/schemas/B' }] } } },
      },
    };
    const { components, tags } = completeDocument(document);
    expect(components!.schemas!.A).toEqual({
      properties: { b: { $ref: '#/components/schemas/B', description: 'B' } },
    });
    expect(tags).toEqual([{ name: 'Files' }]);
  });
});
