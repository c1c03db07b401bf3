import { isCanonicalBase64url } from '@waybill/core/crypto';
import { isUuid } from '@waybill/core/kernel';
import type { SessionRef } from './session.repository';

export const ACCESS_TOKEN_SECONDS = 15 * 60;
export const ALGORITHM = 'HS256';
export const AUDIENCE = 'waybill:api';
/** The media type of RFC 9068: what says "access token" and nothing else. */
export const TYPE = 'at+jwt';

/** Ours have some 420 characters; whoever sends more is not worth the decoding. */
const MAX_LENGTH = 2_048;

/** The parts of a JWT whose signature, algorithm, issuer, audience and times the JWT library has checked. */
export interface VerifiedToken {
  header: unknown;
  payload: unknown;
}

/**
 * Whether a text has the form of a JWT (RFC 7519) exactly as an encoder writes it: three canonical base64url parts. A
 * decoder forgives padding and unused bits, and then many texts would be one token.
 */
export function hasTokenForm(text: string): boolean {
  if (text.length > MAX_LENGTH) return false;
  const parts = text.split('.');
  return parts.length === 3 && parts.every((part) => isCanonicalBase64url(part));
}

/**
 * The session that a verified token names; null unless it is an access token of ours to the letter. What the library
 * lets pass is refused here: other types, further header fields (`kid`, `jku`, `crit` …), no expiry, or one that is no
 * date.
 */
export function sessionNamedBy({ header, payload }: VerifiedToken): SessionRef | null {
  if (!isRecord(header) || !isRecord(payload)) return null;
  if (Object.keys(header).length !== 2 || header.typ !== TYPE || header.alg !== ALGORITHM) return null;
  const { sub, sid, jti, aud, iat, exp } = payload;
  if (!isUuid(sub) || !isUuid(sid) || !isUuid(jti) || aud !== AUDIENCE) return null;
  if (!Number.isSafeInteger(iat) || exp !== (iat as number) + ACCESS_TOKEN_SECONDS) return null;
  return { sessionId: sid, userId: sub };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
