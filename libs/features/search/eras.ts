/**
 * Eras: days since 2000-01-01, and spans of 4, 16, 64 and 256 of them. `search_eras` of the schema tells of each file in
 * which it was created, and the index on texts of what is published knows them beside the words: so that a search for the
 * newest matches need not visit all that match.
 */
const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2000, 0, 1) / DAY_MS;
const LEVELS = 5;
/** The index looks at each of them for every match. */
const MOST_ERAS = 8;
/** Files are not as evenly spread as the estimates assume. */
const MARGIN = 1.3;
/** Beyond this share of all time the index gives all matches at no higher price. */
const LARGE_PART = 0.45;
/** So many matches are visited in less time than it takes to look twice. */
const FEW = 700;

/** A time as the database wrote it, in days; NaN for one that JavaScript does not know. */
export function dayOf(time: string): number {
  return Date.parse(time) / DAY_MS - FIRST_DAY;
}

/** The fewest eras that hold all files from one day to another, and some older ones; null where no few do. */
export function erasBetween(from: number, to: number): number[] | null {
  if (Number.isNaN(from) || Number.isNaN(to)) return null;
  // A day more: the database knows microseconds, and files come in.
  const [oldest, newest] = [Math.floor(from), Math.floor(to) + 1];
  for (let level = 0; level < LEVELS; level++) {
    const [first, last] = [oldest, newest].map((day) => day >> (2 * level)) as [number, number];
    const count = last - first + 1;
    if (count <= MOST_ERAS) return Array.from({ length: count }, (_, n) => level * 2 ** 26 + first + n);
  }
  return null;
}

/** How many days of a list were looked through, and how many matches that gave. */
export interface Looked {
  days: number;
  matched: number;
}

/** How far a window came: the day where it begins, and that of the oldest file of all. */
export interface Reach extends Looked {
  newest: number;
  oldest: number;
}

/** The newest eras that promise so many matches; null where all matches may as well be visited. */
export function guessEras(
  { newest, oldest }: Reach,
  looked: Looked,
  enough: number,
): { days: number; eras: number[] } | null {
  const age = newest - oldest;
  const daysOfOne = looked.days / (looked.matched + 1);
  const days = daysOfOne * MARGIN * enough;
  if (!(days < age * LARGE_PART && age > FEW * daysOfOne)) return null;
  const eras = erasBetween(newest - days, newest);
  return eras && { days, eras };
}
