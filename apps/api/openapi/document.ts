import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { Problem } from '@waybill/platform/http';
import { completeDocument } from './completion';
import { declareSchemes } from './security';

const DESCRIPTION = `Hands files over: encrypted at rest, resumable, counted.

Times are RFC 3339 in UTC, sizes are bytes, ids are UUIDs. Errors are RFC 9457 problems with a stable \`code\`; \`type\`
leads to the page that explains it. Lists are paged by cursor: follow \`nextCursor\`, or \`Link: rel="next"\`.

What is not asked for but told: server-sent events at \`/api/upload/progress/{uploadId}/events\`, and a socket (socket.io 4, path
\`/api/notifications\`, \`auth: {token}\` with an access token) with \`upload.progress\`, \`upload.completed\`, \`upload.failed\` and
\`upload.cancelled\` for everything that is yours.

To try it here: log in with \`POST /api/auth/login\`, copy \`accessToken\`, and press *Authorize*.`;

const TAGS: [name: string, description: string][] = [
  ['Auth', 'An account, and the session that everything else is done in. Begin here.'],
  ['Uploads', 'For ops: bringing files in, and how far they are.'],
  ['Files', 'What there is for you, links to it, and its bytes.'],
  ['Sharing', 'Links for people without an account: made by owners, used by whoever holds them.'],
  ['Notifications', 'What happened, for programs: the events feed, and webhooks.'],
  ['API keys', 'Credentials for programs, within scopes.'],
  ['Invitations', 'Accounts for others.'],
  ['Users', 'For admins: the accounts of everybody.'],
  ['Audit', 'For admins: who did, or was refused, what.'],
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
    .addServer('/', 'This server');
  declareSchemes(builder);
  for (const [name, description] of TAGS) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build(), {
    extraModels: [Problem],
    operationIdFactory: operationId,
  });
  return completeDocument(document);
}

/** `FilesController.list` is `filesList`, unless the route names itself. */
function operationId(controller: string, method: string): string {
  const feature = controller.replace(/Controller$/, '');
  return (
    feature.charAt(0).toLowerCase() + feature.slice(1) + method.charAt(0).toUpperCase() + method.slice(1)
  );
}
