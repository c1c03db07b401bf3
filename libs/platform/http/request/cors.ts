import type { IncomingMessage, ServerResponse } from 'node:http';

const METHODS = 'GET, HEAD, POST, PATCH, DELETE, OPTIONS';
const REQUEST_HEADERS = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'If-Range',
  'Last-Event-ID',
  'Range',
  'traceparent',
  'tracestate',
  'Tus-Resumable',
  'Upload-Checksum',
  'Upload-Defer-Length',
  'Upload-Length',
  'Upload-Metadata',
  'Upload-Offset',
  'X-HTTP-Method-Override',
  'X-Request-Id',
  'X-Upload-Id',
].join(', ');
const EXPOSED_HEADERS = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Range',
  'ETag',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Repr-Digest',
  'Retry-After',
  'Tus-Checksum-Algorithm',
  'Tus-Extension',
  'Tus-Max-Size',
  'Tus-Resumable',
  'Tus-Version',
  'Upload-Defer-Length',
  'Upload-Expires',
  'Upload-Length',
  'Upload-Metadata',
  'Upload-Offset',
  'X-Cache',
  'X-Request-Id',
].join(', ');
const PREFLIGHT_SECONDS = '7200';

/**
 * Cross-origin requests by allow-list (Fetch standard, 3.2). Credentials travel in `Authorization`, which scripts set
 * themselves, so cookies are never allowed.
 *
 * @returns whether the request was a preflight, which is then answered. Other OPTIONS requests (tus asks with one what
 * the server can) go on to their routes.
 */
export type CorsPolicy = (request: IncomingMessage, response: ServerResponse) => boolean;

export function corsPolicy(origins: readonly string[]): CorsPolicy {
  const allowed = new Set(origins.map((origin) => origin.toLowerCase().replace(/\/+$/, '')));
  return (request, response) => {
    // Without an allow-list no answer depends on the origin.
    if (allowed.size > 0) response.setHeader('Vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined) return false;
    const preflight =
      request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
    if (allowed.has(origin.toLowerCase())) {
      response.setHeader('Access-Control-Allow-Origin', origin);
      if (preflight) {
        response.setHeader('Access-Control-Allow-Methods', METHODS);
        response.setHeader('Access-Control-Allow-Headers', REQUEST_HEADERS);
        response.setHeader('Access-Control-Max-Age', PREFLIGHT_SECONDS);
      } else {
        response.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS);
      }
    }
    if (preflight) response.writeHead(204).end();
    return preflight;
  };
}
