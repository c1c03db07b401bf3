import { expiryProblem, isExhausted, parseTime, TWO_EXPIRIES } from '@waybill/features/files';
import { AppError, type FieldError } from '@waybill/core/kernel';

const DAY_SECONDS = 24 * 60 * 60;
export const DEFAULT_SECONDS = 7 * DAY_SECONDS;
export const MAX_SECONDS = 90 * DAY_SECONDS;
export const PASSWORD_MAX_LENGTH = 128;

/** So many files in one archive, and so long its name. */
export const BUNDLE_MAX_FILES = 100;
export const BUNDLE_NAME_MAX_LENGTH = 200;
export const BUNDLE_DEFAULT_NAME = 'files';

/** 256 random bits. */
export const TOKEN_BYTES = 32;

/** Of a share, what its rules look at. */
export interface Governed {
  expiresAt: Date;
  revokedAt: Date | null;
  maxDownloads: number | null;
  downloadCount: number;
  /** Whether its owner's account is in use, in a role that owns files. */
  ownerActive: boolean;
}

/** @throws AppError `GONE` when its time, its owner or that of the account ended it. What is exhausted is not over. */
export function assertCurrent(share: Governed, now: Date): void {
  if (share.revokedAt !== null || !share.ownerActive) throw gone('The share was revoked.');
  if (share.expiresAt <= now) throw gone('The share has expired.');
}

export function gone(detail: string): AppError {
  return new AppError('GONE', detail);
}

/** How many downloads are left; null is without limit. */
export function remainingDownloads(
  counters: { maxDownloads: number | null; downloadCount: number }[],
): number | null {
  const left = counters.flatMap((counter) =>
    counter.maxDownloads === null
      ? []
      : [isExhausted(counter) ? 0 : counter.maxDownloads - counter.downloadCount],
  );
  return left.length === 0 ? null : Math.min(...left);
}

/** An expiry as it was asked for: a time, seconds from now, or neither. */
export interface ExpiryWish {
  expiresAt?: string | null;
  expiresInSeconds?: number | null;
}

/**
 * When a share is to end; undefined where nothing was said.
 *
 * @throws AppError `VALIDATION_FAILED` for a time that is none, past, further than 90 days, or said twice.
 */
export function expiryOf({ expiresAt, expiresInSeconds }: ExpiryWish, now: Date): Date | undefined {
  const inSeconds = expiresInSeconds ?? undefined;
  if (expiresAt === undefined || expiresAt === null) {
    return inSeconds === undefined ? undefined : new Date(now.getTime() + inSeconds * 1000);
  }
  if (inSeconds !== undefined) throw invalid({ pointer: '/expiresInSeconds', detail: TWO_EXPIRIES });
  const time = parseTime(expiresAt);
  const problem =
    time === null
      ? 'must be a time in the form of RFC 3339'
      : (expiryProblem(time, now) ??
        (time > now.getTime() + MAX_SECONDS * 1000 ? 'must lie within 90 days' : undefined));
  if (problem !== undefined) throw invalid({ pointer: '/expiresAt', detail: problem });
  return new Date(time!);
}

function invalid(error: FieldError): AppError {
  return new AppError('VALIDATION_FAILED', 'The body is not valid.', { errors: [error] });
}
