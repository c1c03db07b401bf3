import { AppError, type FieldError } from '@waybill/core/kernel';
import { textProblem } from '@waybill/platform/http';
import type { Visibility } from './file.entity';

/**
 * What the uploader says about a file, beside its bytes. JSON through and through, because an upload keeps it until the
 * file is there.
 */
export interface FileAttributes {
  title: string | null;
  description: string | null;
  tags: string[];
  visibility: Visibility;
  /** RFC 3339, UTC. */
  expiresAt: string | null;
  maxDownloads: number | null;
}

export const DEFAULT_FILE_ATTRIBUTES: Readonly<FileAttributes> = Object.freeze({
  title: null,
  description: null,
  tags: [],
  visibility: 'clients',
  expiresAt: null,
  maxDownloads: null,
});

/** Lengths in characters (code points). */
const LIMITS = { title: 200, description: 4_000, tag: 50, tags: 20 };

const VISIBILITIES: readonly Visibility[] = ['clients', 'private'];
/** What PostgreSQL's integer holds. */
const MAX_DOWNLOADS = 2 ** 31 - 1;
/** RFC 3339 dates have four digits for the year. */
const LATEST = Date.parse('9999-12-31T23:59:59Z');
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/i;

/**
 * Reads the attributes out of the fields of a form, or of upload metadata, in the order they came. `tags` may be
 * repeated and may hold a comma list; everything else comes once. An empty value is what a form sends for an input that
 * was left empty: it counts as absent.
 *
 * @throws AppError `VALIDATION_FAILED` that names every wrong field.
 */
export function parseFileAttributes(
  fields: Iterable<readonly [name: string, value: string]>,
  now: Date,
): FileAttributes {
  const form = new AttributeForm(now);
  for (const [name, value] of fields) form.take(name, value);
  return form.finish();
}

class AttributeForm {
  private readonly attributes: FileAttributes = { ...DEFAULT_FILE_ATTRIBUTES };
  private readonly tags = new Set<string>();
  private readonly seen = new Set<string>();
  private readonly errors: FieldError[] = [];

  constructor(private readonly now: Date) {}

  take(name: string, value: string): void {
    const read = READERS.get(name);
    if (read === undefined) return this.refuse(name, 'is not a known field');
    if (name !== 'tags' && this.seen.has(name)) return this.refuse(name, 'must be there once');
    this.seen.add(name);
    const problem = textProblem(value) ?? (value.trim() === '' ? undefined : read(this, value));
    if (problem !== undefined) this.refuse(name, problem);
  }

  finish(): FileAttributes {
    if (this.seen.has('expiresAt') && this.seen.has('expiresInSeconds')) {
      this.refuse('expiresInSeconds', 'must not be there together with expiresAt');
    }
    if (this.tags.size > LIMITS.tags) this.refuse('tags', `must be at most ${LIMITS.tags}`);
    if (this.errors.length > 0) {
      throw new AppError('VALIDATION_FAILED', 'The fields that describe the file are not valid.', {
        errors: this.errors.slice(0, MOST_ERRORS),
      });
    }
    return { ...this.attributes, tags: [...this.tags] };
  }

  text(field: 'title' | 'description', value: string): string | undefined {
    const limit = LIMITS[field];
    if (characters(value) > limit) return `must have at most ${limit} characters`;
    this.attributes[field] = value;
    return undefined;
  }

  addTags(list: string): string | undefined {
    for (const tag of list.split(',').map((item) => item.trim())) {
      if (tag === '') continue;
      if (characters(tag) > LIMITS.tag) return `must have at most ${LIMITS.tag} characters each`;
      this.tags.add(tag);
    }
    return undefined;
  }

  visibility(value: string): string | undefined {
    const known = VISIBILITIES.find((visibility) => visibility === value);
    if (known === undefined) return `must be one of ${VISIBILITIES.join(', ')}`;
    this.attributes.visibility = known;
    return undefined;
  }

  expiresAt(value: string): string | undefined {
    const time = RFC_3339.test(value) ? Date.parse(value) : NaN;
    return Number.isNaN(time) ? 'must be a time in the form of RFC 3339' : this.expiry(time);
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
    if (time <= this.now.getTime()) return 'must be in the future';
    if (time > LATEST) return 'must be before the year 10000';
    this.attributes.expiresAt = new Date(time).toISOString();
    return undefined;
  }

  private refuse(name: string, detail: string): void {
    this.errors.push({ pointer: name.slice(0, 100).replace(/[\0\p{Surrogate}]/gu, '\ufffd'), detail });
  }
}

/** A Map, so that no name of a field can mean anything else. */
const READERS: ReadonlyMap<string, (form: AttributeForm, value: string) => string | undefined> = new Map([
  ['title', (form, value) => form.text('title', value)],
  ['description', (form, value) => form.text('description', value)],
  ['tags', (form, value) => form.addTags(value)],
  ['visibility', (form, value) => form.visibility(value)],
  ['expiresAt', (form, value) => form.expiresAt(value)],
  ['expiresInSeconds', (form, value) => form.expiresInSeconds(value)],
  ['maxDownloads', (form, value) => form.maxDownloads(value)],
]);

const MOST_ERRORS = 50;

function characters(text: string): number {
  // By code units first, of which a character has at most two: a megabyte is not taken apart.
  return text.length > 2 * LIMITS.description ? Infinity : Array.from(text).length;
}

function wholeNumber(value: string): number | null {
  return /^\d{1,12}$/.test(value) ? Number(value) : null;
}
