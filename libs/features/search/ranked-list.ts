import type { Tx } from '@waybill/platform/database';
import type { CursorPosition } from '@waybill/platform/http';
import type { Found, Match, Pick, Position, RankedPosition, Search, Stretch } from './search-statement';
import type { SearchRepository } from './search.repository';
import type { MatchPage } from './sorted-list';

/**
 * Matches that are ranked together: those of a stretch of the list, newest first. Ranking all that match would cost as
 * much as there is; so the best of the newest come first, then the best of what is older.
 */
interface Batch {
  way: 'window' | 'matches';
  from: Position;
  to: Position;
}

interface OpenedBatch {
  batch: Batch;
  rows: Match[];
  /** Nothing lies behind it. */
  last: boolean;
}

/** A page of the matches by relevance. */
export async function rankedPage(
  searches: SearchRepository,
  tx: Tx,
  search: Search,
  limit: number,
  position: CursorPosition | null,
): Promise<MatchPage> {
  const matches: { match: Match; batch: Batch }[] = [];
  let resumed = position === null ? null : read(position);
  let after: Position | undefined;
  for (;;) {
    // One more than asked for tells whether there is a next page.
    const wanted = limit + 1 - matches.length;
    const opened: OpenedBatch | null = resumed
      ? await resume(searches, tx, search, resumed, wanted)
      : await open(searches, tx, search, after, wanted);
    if (opened !== null) matches.push(...opened.rows.map((match) => ({ match, batch: opened.batch })));
    if (matches.length > limit) {
      const { match, batch } = matches[limit - 1]!;
      return { matches: matches.slice(0, limit).map((each) => each.match), next: write(batch, match) };
    }
    if (opened === null || opened.last) return { matches: matches.map(({ match }) => match), next: null };
    after = opened.batch.to;
    resumed = null;
  }
}

/** The next batch behind a place; null at the end of the list. */
async function open(
  searches: SearchRepository,
  tx: Tx,
  search: Search,
  after: Position | undefined,
  limit: number,
): Promise<OpenedBatch | null> {
  const stretch: Stretch = after === undefined ? {} : { after };
  const pick: Pick = { ranked: true, limit };
  const window = await searches.window(tx, search, stretch, pick);
  const enough = window.complete || window.matched >= limit;
  if (enough) return batchOf('window', window, window.complete);
  const found = await searches.matches(tx, search, stretch, pick, window.reach);
  return batchOf('matches', found, found.complete);
}

async function resume(
  searches: SearchRepository,
  tx: Tx,
  search: Search,
  { batch, behind }: { batch: Batch; behind: RankedPosition },
  limit: number,
): Promise<OpenedBatch> {
  const stretch: Stretch = { from: batch.from, to: batch.to };
  const { rows } = await searches[batch.way](tx, search, stretch, { ranked: true, behind, limit });
  return { batch, rows, last: false };
}

function batchOf(way: Batch['way'], { rows, first, last: end }: Found, last: boolean): OpenedBatch | null {
  return first === null || end === null ? null : { batch: { way, from: first, to: end }, rows, last };
}

function write({ way, from, to }: Batch, { score, key, id }: Match): CursorPosition {
  return [way, from.key, from.id, to.key, to.id, score, key, id];
}

/** What `write` has written: a cursor that was tampered with does not come as far as this. */
function read(position: CursorPosition): { batch: Batch; behind: RankedPosition } {
  const [way, fromKey, fromId, toKey, toId, score, key, id] = position.map(String) as [
    Batch['way'],
    ...string[],
  ];
  return {
    batch: { way, from: { key: fromKey!, id: fromId! }, to: { key: toKey!, id: toId! } },
    behind: { score: Number(score), key: key!, id: id! },
  };
}
