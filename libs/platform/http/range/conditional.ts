import {
  matchesStrongly,
  matchesWeakly,
  parseEntityTag,
  parseEntityTags,
  type EntityTag,
} from './entity-tag';
import { parseHttpDate } from './http-date';

/** What a request is about, as it stands now. */
export interface ConditionalSubject {
  method: string;
  /** The entity tag of the current representation, quotes included; null where there is no representation. */
  etag: string | null;
  /** Only where Last-Modified is sent; without it dates in conditions mean nothing. */
  lastModified?: Date;
}

/** The headers that state conditions, as `IncomingHttpHeaders` has them. */
export interface ConditionalHeaders {
  'if-match'?: string;
  'if-none-match'?: string;
  'if-modified-since'?: string;
  'if-unmodified-since'?: string;
}

/** Go on, or answer with this status. */
export type ConditionalOutcome = 'proceed' | 304 | 412;

/**
 * Evaluates the conditions of a request in the order of RFC 9110, section 13.2.2. To be asked when the request would
 * succeed without them, and before Range is looked at.
 */
export function evaluateConditional(
  subject: ConditionalSubject,
  headers: ConditionalHeaders,
): ConditionalOutcome {
  const reading = subject.method === 'GET' || subject.method === 'HEAD';

  const ifMatch = headers['if-match'];
  const ifUnmodifiedSince = headers['if-unmodified-since'];
  if (ifMatch !== undefined) {
    if (!matchesAny(ifMatch, subject.etag, matchesStrongly)) return 412;
  } else if (ifUnmodifiedSince !== undefined && modifiedSince(subject, ifUnmodifiedSince) === true) {
    return 412;
  }

  const ifNoneMatch = headers['if-none-match'];
  const ifModifiedSince = headers['if-modified-since'];
  if (ifNoneMatch !== undefined) {
    if (matchesAny(ifNoneMatch, subject.etag, matchesWeakly)) return reading ? 304 : 412;
  } else if (reading && ifModifiedSince !== undefined && modifiedSince(subject, ifModifiedSince) === false) {
    return 304;
  }
  return 'proceed';
}

/**
 * Whether the Range of a request holds (RFC 9110, section 13.1.5): there is no If-Range, or it names exactly this
 * representation. Compared strongly, so that a weak tag never does; nor does a date, which cannot tell two versions of
 * one second apart.
 */
export function ifRangeMatches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return true;
  const wanted = parseEntityTag(header);
  const current = parseEntityTag(etag);
  return wanted !== null && current !== null && matchesStrongly(wanted, current);
}

/** A list that cannot be read matches nothing: no change is made, and no "not modified" said, on the strength of it. */
function matchesAny(
  header: string,
  etag: string | null,
  matches: (a: EntityTag, b: EntityTag) => boolean,
): boolean {
  const current = etag === null ? null : parseEntityTag(etag);
  if (!current) return false;
  if (header.trim() === '*') return true;
  return parseEntityTags(header)?.some((tag) => matches(tag, current)) ?? false;
}

/** Null where the question has no answer: no date of ours, or none in the header (section 13.1.3 and 13.1.4). */
function modifiedSince({ lastModified }: ConditionalSubject, header: string): boolean | null {
  const since = parseHttpDate(header);
  if (lastModified === undefined || since === null) return null;
  return Math.floor(lastModified.getTime() / 1000) > since;
}
