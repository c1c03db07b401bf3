import type { Visibility } from './file.entity';

/** Lengths in characters (code points), and how many of each. */
export const LIMITS = {
  title: 200,
  description: 4_000,
  tag: 50,
  tags: 20,
  recipients: 100,
  chatId: 200,
  groupId: 200,
};

export const VISIBILITIES: readonly Visibility[] = ['clients', 'restricted', 'private'];

/** What PostgreSQL's integer holds. */
export const MAX_DOWNLOADS = 2 ** 31 - 1;

export const NO_RECIPIENTS_HERE = 'must be empty unless visibility is restricted';
export const TWO_EXPIRIES = 'must not be there together with expiresAt';

/** RFC 3339 dates have four digits for the year. */
const LATEST = Date.parse('9999-12-31T23:59:59Z');
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/i;

/** Characters (code points) of a text, as far as limits are concerned. */
export function characters(text: string): number {
  // By code units first, of which a character has at most two: a megabyte is not taken apart.
  return text.length > 2 * LIMITS.description ? Infinity : Array.from(text).length;
}

/** The time that a text names, in milliseconds of the epoch; null where it is none in the form of RFC 3339. */
export function parseTime(text: string): number | null {
  const time = RFC_3339.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? null : time;
}

/** Why a file cannot expire at that time; undefined when it can. */
export function expiryProblem(time: number, now: Date): string | undefined {
  if (time <= now.getTime()) return 'must be in the future';
  if (time > LATEST) return 'must be before the year 10000';
  return undefined;
}

/** Each tag once, without the blanks around it; empty ones are none. */
export function distinctTags(tags: Iterable<string>): string[] {
  return [...new Set([...tags].map((tag) => tag.trim()))].filter((tag) => tag !== '');
}

/** Each address once, compared without case, as it was written first. */
export function distinctAddresses(addresses: Iterable<string>): string[] {
  const distinct = new Map<string, string>();
  for (const address of addresses) {
    const key = address.toLowerCase();
    if (!distinct.has(key)) distinct.set(key, address);
  }
  return [...distinct.values()];
}
