import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { Problem, problemResponse, PUBLIC_OPERATION } from '@waybill/platform/http';

const BEARER = 'bearer';

const DESCRIPTION = `Hands files over: encrypted at rest, resumable, counted.

Times are RFC 3339 in UTC, sizes are bytes, ids are UUIDs. Errors are RFC 9457 problems with a stable \`code\`; \`type\`
leads to the page that explains it. Lists are paged by cursor: follow \`nextCursor\`, or \`Link: rel="next"\`.

To try it here: log in with \`POST /api/auth/login\`, copy \`accessToken\`, and press *Authorize*.`;

const TAGS: [name: string, description: string][] = [
  ['Auth', 'Accounts and sessions.'],
  ['Uploads', 'Bringing files in, and how far they are.'],
  ['Files', 'What there is, and its bytes.'],
  ['Operations', 'For whoever runs the service.'],
];

/** Describes the API (OpenAPI 3.1) from the code: for the docs, for `openapi.json`, for generated clients. */
export function buildOpenApi(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Waybill')
    .setDescription(DESCRIPTION)
    .setVersion('1.0.0')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/', 'This server')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token.' },
      BEARER,
    )
    .addSecurityRequirements(BEARER);
  for (const [name, description] of TAGS) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build(), { extraModels: [Problem] });
  for (const operation of operationsOf(document)) complete(operation);
  return withoutUnusedTags(document);
}

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & { [PUBLIC_OPERATION]?: boolean };

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const;

function operationsOf(document: OpenAPIObject): Operation[] {
  return Object.values(document.paths).flatMap((path) =>
    METHODS.flatMap((method) => (path[method] === undefined ? [] : [path[method] as Operation])),
  );
}

/** Says what holds for every route, so that no route has to repeat it. */
function complete(operation: Operation): void {
  const open = operation[PUBLIC_OPERATION] === true;
  delete operation[PUBLIC_OPERATION];
  const responses = operation.responses as Record<string, object>;
  if (open) operation.security = [];
  else responses['401'] ??= problemResponse(['UNAUTHENTICATED']);
  responses['429'] ??= problemResponse(['RATE_LIMITED']);
  responses.default ??= { ...problemResponse(['INTERNAL']), description: 'Any other problem.' };
}

function withoutUnusedTags(document: OpenAPIObject): OpenAPIObject {
  const used = new Set(operationsOf(document).flatMap(({ tags }) => tags ?? []));
  return { ...document, tags: document.tags?.filter(({ name }) => used.has(name)) };
}
