import type { IncomingMessage } from 'node:http';
import { hasTokenForm } from './access-token.policy';
import { hasApiKeyForm } from './api-key.policy';

/**
 * What stands in a request's `Authorization: Bearer` (RFC 6750, section 2.1: the header alone, never body or query), or
 * null. Two `Authorization` headers are no credential: which of them counts is what proxies and servers disagree about.
 */
function bearer(request: IncomingMessage): string | null {
  const given = request.headersDistinct.authorization;
  if (given?.length !== 1) return null;
  return /^Bearer ([\w.-]+)$/i.exec(given[0]!)?.[1] ?? null;
}

/** The access token of a request, or null. */
export function bearerToken(request: IncomingMessage): string | null {
  const token = bearer(request);
  return token !== null && hasTokenForm(token) ? token : null;
}

/** The API key of a request, or null. Nothing is both this and an access token, which has dots. */
export function bearerApiKey(request: IncomingMessage): string | null {
  const key = bearer(request);
  return key !== null && hasApiKeyForm(key) ? key : null;
}
