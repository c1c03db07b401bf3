import { STATUS_CODES } from 'node:http';
import type { OpenAPIObject } from '@nestjs/swagger';
import { problemResponse, PUBLIC_OPERATION } from '@waybill/platform/http';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const;

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & { [PUBLIC_OPERATION]?: boolean };
type Answers = Record<string, { description: string }>;

/** Says what holds for every route, so that no route has to repeat it. */
export function completeDocument(document: OpenAPIObject): OpenAPIObject {
  for (const [path, operation] of operationsOf(document)) {
    declarePathParameters(path, operation);
    shortenSummary(operation);
    operation.tags = operation.tags?.map(capitalise);
    declareRefusals(operation);
    declareAnswers(operation);
  }
  const used = new Set(operationsOf(document).flatMap(([, { tags }]) => tags ?? []));
  return flattenSingleAllOf({ ...document, tags: document.tags?.filter(({ name }) => used.has(name)) });
}

function operationsOf(document: OpenAPIObject): [path: string, operation: Operation][] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method): [string, Operation][] =>
      item[method] === undefined ? [] : [[path, item[method] as Operation]],
    ),
  );
}

/** A handler need not look at a parameter for the path to have it. */
function declarePathParameters(path: string, operation: Operation): void {
  const parameters = (operation.parameters ??= []);
  for (const [, name] of path.matchAll(/\{([^}]+)\}/g)) {
    const declared = parameters.some(
      (known) => 'name' in known && known.in === 'path' && known.name === name,
    );
    if (!declared) parameters.push({ name: name!, in: 'path', required: true, schema: { type: 'string' } });
  }
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

/** What the edge refuses before a route sees it: an address or a header that is none, a body of another type. */
function declareRefusals({ responses, parameters, requestBody }: Operation): void {
  const answers = responses as Answers;
  const json = requestBody && 'content' in requestBody && 'application/json' in requestBody.content;
  if (json) {
    answers['400'] ??= problemResponse(['VALIDATION_FAILED', 'MALFORMED_BODY']);
    answers['415'] ??= problemResponse(['UNSUPPORTED_FILE_TYPE']);
  } else if (parameters?.length) answers['400'] ??= problemResponse(['VALIDATION_FAILED']);
}

function declareAnswers(operation: Operation): void {
  const open = operation[PUBLIC_OPERATION] === true;
  delete operation[PUBLIC_OPERATION];
  const answers = operation.responses as Answers;
  if (open) operation.security = [];
  else answers['401'] ??= problemResponse(['UNAUTHENTICATED']);
  answers['429'] ??= problemResponse(['RATE_LIMITED']);
  answers.default ??= { ...problemResponse(['INTERNAL']), description: 'Any other problem.' };
  for (const [status, answer] of Object.entries(answers)) {
    if (answer.description === '') answer.description = `${STATUS_CODES[status] ?? 'Answer'}.`;
  }
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
