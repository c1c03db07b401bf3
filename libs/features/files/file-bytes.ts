import type { IncomingHttpHeaders } from 'node:http';
import type { ByteRange } from '@waybill/core/crypto';
import { AppError } from '@waybill/core/kernel';
import { attachmentDisposition } from '@waybill/platform/http/content-disposition';
import {
  contentRange,
  evaluateConditional,
  ifRangeMatches,
  parseRange,
  unsatisfiedContentRange,
} from '@waybill/platform/http/range';
import type { FileRecord } from './file.repository';
import { handedOutType } from './media-types';

/** How a request for bytes is answered, once its first bytes are known to be sound. */
export interface BytesAnswer {
  status: 200 | 206 | 304;
  headers: Record<string, string>;
  /** Which bytes follow; null where none do. */
  range: ByteRange | null;
}

/** What is known of bytes before they are read. */
export interface Representation {
  name: string;
  mediaType: string;
  size: number;
  /** Strong, with its quotes. */
  etag: string;
  /** Of the bytes; null where they were never put together to be hashed. */
  sha256: Buffer | null;
}

export function representationOf(
  file: Pick<FileRecord, 'name' | 'mediaType' | 'size' | 'sha256'>,
): Representation & { sha256: Buffer } {
  const { name, mediaType, size, sha256 } = file;
  return { name, mediaType, size, sha256, etag: `"${sha256.toString('base64url')}"` };
}

/** Whatever the bytes are, no browser shows, runs, keeps or lends them (ASVS 5.0, 3.2.1 and 3.5.8). */
const HARMLESS: Record<string, string> = {
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'private, no-store',
  'Referrer-Policy': 'no-referrer',
  // What does not fall back to default-src is said as well (CSP Level 3, section 6.1.3).
  'Content-Security-Policy':
    "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * Decides about conditions (RFC 9110, section 13) and ranges (section 14), and words the headers. HEAD is answered as
 * GET would be without a range, which means nothing there.
 *
 * @throws AppError `PRECONDITION_FAILED`, `RANGE_NOT_SATISFIABLE`.
 */
export function answerBytes(method: string, request: IncomingHttpHeaders, file: Representation): BytesAnswer {
  const { etag } = file;
  const headers: Record<string, string> = { ...HARMLESS, ETag: etag, 'Accept-Ranges': 'bytes' };

  const condition = evaluateConditional({ method, etag }, request);
  if (condition === 412) throw new AppError('PRECONDITION_FAILED', 'The file is not the one of If-Match.');
  if (condition === 304) return { status: 304, headers, range: null };

  headers['Content-Type'] = handedOutType(file.mediaType);
  headers['Content-Disposition'] = attachmentDisposition(file.name);
  if (file.sha256 !== null) headers['Repr-Digest'] = `sha-256=:${file.sha256.toString('base64')}:`;

  // Node joins repeated headers; only Set-Cookie comes as a list.
  const ifRange = request['if-range'] as string | undefined;
  const asked = method === 'GET' && ifRangeMatches(ifRange, etag) ? request.range : undefined;
  const range = parseRange(asked, file.size);
  if (range.kind === 'unsatisfiable') {
    throw new AppError('RANGE_NOT_SATISFIABLE', `The file has ${file.size} bytes.`, {
      headers: { 'Content-Range': unsatisfiedContentRange(file.size), 'Accept-Ranges': 'bytes' },
    });
  }
  if (range.kind === 'whole') {
    headers['Content-Length'] = String(file.size);
    return { status: 200, headers, range: method === 'HEAD' ? null : { start: 0, end: file.size } };
  }
  headers['Content-Range'] = contentRange(range, file.size);
  headers['Content-Length'] = String(range.end + 1 - range.start);
  return { status: 206, headers, range: { start: range.start, end: range.end + 1 } };
}
