import type { DocumentBuilder } from '@nestjs/swagger';
import type { Operation } from './operations';

const ACCESS_TOKEN = 'accessToken';
const API_KEY = 'apiKey';
const METRICS_TOKEN = 'metricsToken';

/** All credentials go the same way, as `Authorization: Bearer …`; each is valid in its own place. */
export function declareSchemes(builder: DocumentBuilder): void {
  const bearer = (bearerFormat: string, description: string) =>
    ({ type: 'http', scheme: 'bearer', bearerFormat, description }) as const;
  builder
    .addSecurity(ACCESS_TOKEN, bearer('JWT', 'The `accessToken` of `POST /api/auth/login`: for people.'))
    .addSecurity(
      API_KEY,
      bearer('wb_…', 'A key of `POST /api/auth/api-keys`: for programs, within its scopes.'),
    )
    .addSecurity(METRICS_TOKEN, bearer('opaque', 'The setting `METRICS_TOKEN`: for monitoring.'))
    .addSecurityRequirements(ACCESS_TOKEN);
}

/** Says of an operation which credentials open it. A route that is not marked public is guarded. */
export function declareSecurity(operation: Operation): void {
  const { 'x-public': open, 'x-api-key-scopes': scopes = [] } = operation;
  delete operation['x-public'];
  // A route that the guard lets through may ask for something of its own.
  if (open) operation.security ??= [];
  else operation.security = [{ [ACCESS_TOKEN]: [] }, ...scopes.map((scope) => ({ [API_KEY]: [scope] }))];
}
