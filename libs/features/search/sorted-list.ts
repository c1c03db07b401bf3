import type { Tx } from '@waybill/platform/database';
import type { CursorPosition } from '@waybill/platform/http';
import type { Match, Search } from './search-statement';
import type { SearchRepository } from './search.repository';

/** Some of what matches, in its order, and where to go on; null at the end. */
export interface MatchPage {
  matches: Match[];
  next: CursorPosition | null;
}

/** A page of the matches in the order of a sort key. */
export async function sortedPage(
  searches: SearchRepository,
  tx: Tx,
  search: Search,
  limit: number,
  position: CursorPosition | null,
): Promise<MatchPage> {
  const stretch = position === null ? {} : { after: { key: String(position[0]), id: String(position[1]) } };
  // One more than asked for tells whether there is a next page.
  const pick = { ranked: false, limit: limit + 1 };
  let found = await searches.window(tx, search, stretch, pick);
  const enough = found.complete || found.rows.length > limit;
  if (!enough) found = await searches.matches(tx, search, stretch, pick, found.reach);
  const matches = found.rows.slice(0, limit);
  const last = found.rows.length > limit ? matches.at(-1)! : null;
  return { matches, next: last && [last.key, last.id] };
}
