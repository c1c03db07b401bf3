import { AppError, type FieldError } from '@waybill/core/kernel';
import { isEmailAddress, textProblem } from '@waybill/platform/http';
import {
  characters,
  distinctAddresses,
  distinctTags,
  expiryProblem,
  LIMITS,
  MAX_DOWNLOADS,
  NO_RECIPIENTS_HERE,
  parseTime,
  TWO_EXPIRIES,
  VISIBILITIES,
} from './attribute-rules';
import type { FileCategory, Visibility } from './file.entity';

/**
 * What the uploader says about a file, beside its bytes. JSON through and through, because an upload keeps it until the
 * file is there.
 */
export interface FileAttributes {
  title: string | null;
  description: string | null;
  tags: string[];
  visibility: Visibility;
  /** E-mail addresses, of restricted files alone; each once, compared without case. */
  recipients: string[];
  /** RFC 3339, UTC. */
  expiresAt: string | null;
  maxDownloads: number | null;
  /** Where a medium was sent, in the sender's own names; documents have none. */
  chatId: string | null;
  groupId: string | null;
}

export const DEFAULT_FILE_ATTRIBUTES: Readonly<FileAttributes> = Object.freeze({
  title: null,
  description: null,
  tags: [],
  visibility: 'clients',
  recipients: [],
  expiresAt: null,
  maxDownloads: null,
  chatId: null,
  groupId: null,
});

/**
 * Reads the attributes out of the fields of a form, or of upload metadata, in the order they came. `tags` and
 * `recipients` may be repeated and may hold a comma list; everything else comes once. An empty value is what a form
 * sends for an input that was left empty: it counts as absent. Whoever names recipients and no visibility means
 * `restricted`; recipients of a file that others may see as well are refused, because they would promise too much.
 *
 * @param category what the file is: only a medium has a chat and a group.
 * @throws AppError `VALIDATION_FAILED` that names every wrong field.
 */
export function parseFileAttributes(
  fields: Iterable<readonly [name: string, value: string]>,
  now: Date,
  category: FileCategory = 'document',
): FileAttributes {
  const form = new AttributeForm(now, category);
  for (const [name, value] of fields) form.take(name, value);
  return form.finish();
}

class AttributeForm {
  private readonly attributes: FileAttributes = { ...DEFAULT_FILE_ATTRIBUTES };
  private readonly tags: string[] = [];
  private readonly recipients: string[] = [];
  private visibilityNamed = false;
  private readonly seen = new Set<string>();
  /** Those that were not left empty. */
  private readonly said = new Set<string>();
  private readonly errors: FieldError[] = [];

  constructor(
    private readonly now: Date,
    private readonly category: FileCategory,
  ) {}

  take(name: string, value: string): void {
    const read = READERS.get(name) ?? (this.category === 'media' ? MEDIA_READERS.get(name) : undefined);
    if (read === undefined) return this.refuse(name, 'is not a known field');
    if (!LISTS.has(name) && this.seen.has(name)) return this.refuse(name, 'must be there once');
    this.seen.add(name);
    const empty = value.trim() === '';
    if (!empty) this.said.add(name);
    const problem = textProblem(value) ?? (empty ? undefined : read(this, value));
    if (problem !== undefined) this.refuse(name, problem);
  }

  finish(): FileAttributes {
    const tags = distinctTags(this.tags);
    const recipients = distinctAddresses(this.recipients);
    if (recipients.length > 0 && !this.visibilityNamed) this.attributes.visibility = 'restricted';
    if (recipients.length > 0 && this.attributes.visibility !== 'restricted') {
      this.refuse('recipients', NO_RECIPIENTS_HERE);
    }
    if (this.said.has('expiresAt') && this.said.has('expiresInSeconds')) {
      this.refuse('expiresInSeconds', TWO_EXPIRIES);
    }
    if (tags.length > LIMITS.tags) this.refuse('tags', `must be at most ${LIMITS.tags}`);
    if (recipients.length > LIMITS.recipients) {
      this.refuse('recipients', `must be at most ${LIMITS.recipients}`);
    }
    if (this.errors.length > 0) {
      throw new AppError('VALIDATION_FAILED', 'The fields that describe the file are not valid.', {
        errors: this.errors.slice(0, MOST_ERRORS),
      });
    }
    return { ...this.attributes, tags, recipients };
  }

  text(field: 'title' | 'description' | 'chatId' | 'groupId', value: string): string | undefined {
    const limit = LIMITS[field];
    if (characters(value) > limit) return `must have at most ${limit} characters`;
    this.attributes[field] = value;
    return undefined;
  }

  addTags(list: string): string | undefined {
    const tags = list.split(',');
    if (tags.some((tag) => characters(tag.trim()) > LIMITS.tag)) {
      return `must have at most ${LIMITS.tag} characters each`;
    }
    this.tags.push(...tags);
    return undefined;
  }

  addRecipients(list: string): string | undefined {
    const addresses = list.split(',').map((item) => item.trim());
    for (const address of addresses) {
      if (address === '') continue;
      if (!isEmailAddress(address)) return 'must be e-mail addresses';
      this.recipients.push(address);
    }
    return undefined;
  }

  visibility(value: string): string | undefined {
    const known = VISIBILITIES.find((visibility) => visibility === value);
    if (known === undefined) return `must be one of ${VISIBILITIES.join(', ')}`;
    this.visibilityNamed = true;
    this.attributes.visibility = known;
    return undefined;
  }

  expiresAt(value: string): string | undefined {
    const time = parseTime(value);
    return time === null ? 'must be a time in the form of RFC 3339' : this.expiry(time);
  }

  expiresInSeconds(value: string): string | undefined {
    const seconds = wholeNumber(value);
    if (seconds === null || seconds < 1) return 'must be a whole number of seconds, at least 1';
    return this.expiry(this.now.getTime() + seconds * 1000);
  }

  maxDownloads(value: string): string | undefined {
    const limit = wholeNumber(value);
    if (limit === null || limit < 1 || limit > MAX_DOWNLOADS)
      return `must be a whole number from 1 to ${MAX_DOWNLOADS}`;
    this.attributes.maxDownloads = limit;
    return undefined;
  }

  private expiry(time: number): string | undefined {
    const problem = expiryProblem(time, this.now);
    if (problem !== undefined) return problem;
    this.attributes.expiresAt = new Date(time).toISOString();
    return undefined;
  }

  private refuse(name: string, detail: string): void {
    this.errors.push({ pointer: name.slice(0, 100).replace(/[\0\p{Surrogate}]/gu, '\ufffd'), detail });
  }
}

const LISTS: ReadonlySet<string> = new Set(['tags', 'recipients']);

/** A Map, so that no name of a field can mean anything else. */
const READERS: ReadonlyMap<string, (form: AttributeForm, value: string) => string | undefined> = new Map([
  ['title', (form, value) => form.text('title', value)],
  ['description', (form, value) => form.text('description', value)],
  ['tags', (form, value) => form.addTags(value)],
  ['recipients', (form, value) => form.addRecipients(value)],
  ['visibility', (form, value) => form.visibility(value)],
  ['expiresAt', (form, value) => form.expiresAt(value)],
  ['expiresInSeconds', (form, value) => form.expiresInSeconds(value)],
  ['maxDownloads', (form, value) => form.maxDownloads(value)],
]);

const MEDIA_READERS: typeof READERS = new Map([
  ['chatId', (form, value) => form.text('chatId', value)],
  ['groupId', (form, value) => form.text('groupId', value)],
]);

const MOST_ERRORS = 50;

function wholeNumber(value: string): number | null {
  return /^\d{1,12}$/.test(value) ? Number(value) : null;
}
