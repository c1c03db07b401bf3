import type { Request } from 'express';
import { currentRequest } from '@waybill/platform/observability';
import type { AuditOutcome } from './audit-entry.entity';
import type { AuditEntry } from './audit-log';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;

/** Refusals for who asks; others are for what is said. */
const DENIALS: ReadonlySet<string> = new Set([
  'UNAUTHENTICATED',
  'INVALID_CREDENTIALS',
  'EMAIL_NOT_VERIFIED',
  'INVALID_TOKEN',
  'FORBIDDEN',
  'SIGNUP_CLOSED',
  'RATE_LIMITED',
]);

/**
 * Whether a refusal belongs on record. NOT_FOUND does where somebody who is known asked for a thing by its id: it may be
 * another's, and the answer is the same on purpose.
 */
export function isDenial(request: Request, code: string): boolean {
  if (code === 'NOT_FOUND') return currentRequest()?.userId !== undefined && objectOf(request) !== undefined;
  return DENIALS.has(code);
}

/** What a request is on record as. */
export function entryOf(request: Request, outcome: AuditOutcome, code?: string): AuditEntry {
  const context = currentRequest();
  const route = (request.route as { path: string } | undefined)?.path ?? 'unrouted';
  return {
    action: `${request.method} ${route}`,
    outcome,
    code,
    actorId: context?.userId,
    objectId: context?.subjectId ?? objectOf(request),
    address: request.ip,
    requestId: context?.requestId,
  };
}

/** The id in the address, without its query. */
function objectOf(request: Request): string | undefined {
  return UUID.exec(request.path)?.[0].toLowerCase();
}
