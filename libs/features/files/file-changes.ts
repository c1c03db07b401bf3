import { AppError, type FieldError } from '@waybill/core/kernel';
import {
  distinctAddresses,
  distinctTags,
  expiryProblem,
  LIMITS,
  NO_RECIPIENTS_HERE,
  parseTime,
  TWO_EXPIRIES,
} from './attribute-rules';
import type { FileChangesRequest } from './file-changes.dto';
import type { Visibility } from './file.entity';
import type { Changeable } from './file.repository';

/** What an owner wants to be other; what is absent stays. */
export interface FileChanges extends Partial<Changeable> {
  /** Each once; all that there are to be. */
  recipients?: string[];
}

/**
 * Reads the changes out of a body whose types were found right.
 *
 * @throws AppError `VALIDATION_FAILED` that names every wrong property.
 */
export function readFileChanges(body: FileChangesRequest, now: Date): FileChanges {
  const errors: FieldError[] = [];
  const refuse = (property: keyof FileChangesRequest, detail: string): void =>
    void errors.push({ pointer: `/${property}`, detail });
  const changes: FileChanges = {};

  if (body.title !== undefined) changes.title = textOrNull(body.title);
  if (body.description !== undefined) changes.description = textOrNull(body.description);
  if (body.visibility !== undefined) changes.visibility = body.visibility;
  if (body.maxDownloads !== undefined) changes.maxDownloads = body.maxDownloads;
  if (body.tags !== undefined) changes.tags = distinctTags(body.tags ?? []);
  if (body.recipients !== undefined) changes.recipients = distinctAddresses(body.recipients ?? []);
  if ((changes.tags?.length ?? 0) > LIMITS.tags) refuse('tags', `must be at most ${LIMITS.tags}`);
  if ((changes.recipients?.length ?? 0) > LIMITS.recipients) {
    refuse('recipients', `must be at most ${LIMITS.recipients}`);
  }

  const { expiresAt, expiresInSeconds } = body;
  if (expiresAt !== undefined && expiresInSeconds !== undefined) refuse('expiresInSeconds', TWO_EXPIRIES);
  else if (expiresAt === null || expiresInSeconds === null) changes.expiresAt = null;
  else if (expiresAt !== undefined) {
    const time = parseTime(expiresAt);
    const problem = time === null ? 'must be a time in the form of RFC 3339' : expiryProblem(time, now);
    if (problem === undefined) changes.expiresAt = new Date(time!);
    else refuse('expiresAt', problem);
  } else if (expiresInSeconds !== undefined) {
    const time = now.getTime() + expiresInSeconds * 1000;
    const problem = expiryProblem(time, now);
    if (problem === undefined) changes.expiresAt = new Date(time);
    else refuse('expiresInSeconds', problem);
  }

  if (errors.length > 0) throw invalid(errors);
  return changes;
}

/**
 * Who is to be a recipient when these changes have been made; undefined where that stays as it is. Recipients belong to
 * restricted files: they are not kept for a day on which a file becomes restricted again.
 *
 * @throws AppError `VALIDATION_FAILED` for recipients of a file that is not restricted.
 */
export function recipientsAfter(changes: FileChanges, before: Visibility): string[] | undefined {
  if ((changes.visibility ?? before) === 'restricted') return changes.recipients;
  if (changes.recipients !== undefined && changes.recipients.length > 0) {
    throw invalid([{ pointer: '/recipients', detail: NO_RECIPIENTS_HERE }]);
  }
  return [];
}

/** The names of what these changes make other than it is. */
export function changedProperties(before: Changeable, changes: FileChanges): (keyof Changeable)[] {
  return CHANGEABLE.filter((name) => name in changes && !same(before[name], changes[name]));
}

const CHANGEABLE = [
  'title',
  'description',
  'tags',
  'visibility',
  'expiresAt',
  'maxDownloads',
] as const satisfies readonly (keyof Changeable)[];

/** Values of JSON, and times. */
function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** As in the form of an upload: blanks alone are nothing. */
function textOrNull(text: string | null): string | null {
  return text === null || text.trim() === '' ? null : text;
}

function invalid(errors: FieldError[]): AppError {
  return new AppError('VALIDATION_FAILED', 'The changes are not valid.', { errors });
}
