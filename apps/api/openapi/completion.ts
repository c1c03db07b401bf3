import type { OpenAPIObject } from '@nestjs/swagger';
import { declareAnswers, declareRefusals } from './answers';
import { giveExamples } from './examples';
import { operationsOf, resolve, schemasOf, type Located, type Operation, type Schema } from './operations';
import { declareSecurity } from './security';

/** Says what holds for every route, so that no route has to repeat it. */
export function completeDocument(document: OpenAPIObject): OpenAPIObject {
  for (const located of operationsOf(document)) {
    const { operation } = located;
    declareParameters(located);
    declareBody(located, schemasOf(document));
    shortenSummary(operation);
    operation.tags = operation.tags?.map(capitalise);
    declareSecurity(operation);
    declareRefusals(operation);
    declareAnswers(operation);
  }
  const used = new Set(operationsOf(document).flatMap(({ operation }) => operation.tags ?? []));
  const tags = document.tags?.filter(({ name }) => used.has(name));
  return giveExamples(flattenSingleAllOf({ ...document, tags }));
}

const PARAMETERS: Record<string, string> = {
  uploadId: 'The id of the upload.',
  deliveryId: 'The id of the delivery.',
  token: 'The last part of the link.',
  'If-None-Match': 'The ETag that you have; where it still holds, the answer is 304.',
};

const IDS: [below: string, description: string][] = [
  ['/api/files/', 'The id of the file.'],
  ['/api/shares/', 'The id of the share, which opens nothing.'],
  ['/api/webhooks/', 'The id of the webhook.'],
  ['/api/users/', 'The id of the account.'],
  ['/api/auth/api-keys/', 'The id of the key, which is not the key itself.'],
];

/** A handler need not look at a parameter for the path to have it, and what has a default need not be said. */
function declareParameters({ path, operation }: Located): void {
  const parameters = (operation.parameters ??= []);
  for (const [, name] of path.matchAll(/\{([^}]+)\}/g)) {
    const declared = parameters.some((known) => known.in === 'path' && known.name === name);
    if (!declared) parameters.push({ name: name!, in: 'path', required: true, schema: { type: 'string' } });
  }
  for (const parameter of parameters) {
    if (parameter.schema?.default !== undefined) parameter.required = false;
    const description = PARAMETERS[parameter.name] ?? IDS.find(([below]) => path.startsWith(below))?.[1];
    if (parameter.in !== 'query' && description !== undefined) parameter.description ??= description;
  }
}

/** An absent body counts as an empty object; it must be there only where something in it must. */
function declareBody({ operation: { requestBody } }: Located, schemas: Record<string, Schema>): void {
  const schema = requestBody?.content['application/json']?.schema;
  if (schema !== undefined && !resolve(schema, schemas).required?.length) delete requestBody!.required;
}

/** A summary comes from a comment, which may go on: its first sentence is the headline. */
function shortenSummary(operation: Operation): void {
  const text = operation.summary?.replace(/\s+/g, ' ').trim();
  const [, headline, rest] = /^(.+?)\.(?:\s+(.*))?$/.exec(text ?? '') ?? [];
  if (headline === undefined) return;
  operation.summary = headline;
  if (rest) operation.description ??= rest;
}

/** A controller that names no tag is filed under its own name. */
function capitalise(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** OpenAPI 3.0 had to wrap a reference that has neighbours; 3.1 need not. */
function flattenSingleAllOf<T>(node: T): T {
  if (Array.isArray(node)) return node.map(flattenSingleAllOf) as T;
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([name, value]) => [name, flattenSingleAllOf(value)] as const);
  const { allOf, ...rest } = Object.fromEntries(entries) as { allOf?: unknown };
  if (allOf === undefined) return rest as T;
  if (Array.isArray(allOf) && allOf.length === 1) return { ...(allOf[0] as object), ...rest } as T;
  return { allOf, ...rest } as T;
}
