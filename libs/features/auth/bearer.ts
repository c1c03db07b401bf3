import type { IncomingMessage } from 'node:http';
import { hasTokenForm } from './access-token.policy';

/**
 * The access token of a request (RFC 6750, section 2.1: the header alone, never body or query), or null. Two
 * `Authorization` headers are no credential: which of them counts is what proxies and servers disagree about.
 */
export function bearerToken(request: IncomingMessage): string | null {
  const given = request.headersDistinct.authorization;
  if (given?.length !== 1) return null;
  const match = /^Bearer ([\w.-]+)$/i.exec(given[0]!);
  const token = match?.[1];
  return token !== undefined && hasTokenForm(token) ? token : null;
}
