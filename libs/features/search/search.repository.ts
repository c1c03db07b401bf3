import { Injectable } from '@nestjs/common';
import { ReadableFiles } from '@waybill/features/files';
import { Database, prepared, type Tx } from '@waybill/platform/database';
import { dayOf, erasBetween, guessEras, type Looked, type Reach } from './eras';
import { SearchConditions, type Comparand, type Wanted } from './search-conditions';
import { matchesSql } from './search-matches';
import {
  NOTHING,
  RANKED,
  SearchStatement,
  type Found,
  type Pick,
  type Search,
  type Stretch,
} from './search-statement';
import { windowSql } from './search-window';

/** A search that takes longer is ended by the database, and holds nobody up. */
const TIMEOUT_MS = 2_000;
/** How often matches are looked for among the newest files, before all are looked at. */
const ATTEMPTS = 2;

/**
 * What a search needs beforehand: its limit; no compiling, which takes longer than any search may; costs as they are where
 * indexes are in memory; whether plans serve again; and its texts as they are compared.
 */
const PREPARE = prepared(
  'search-texts',
  `WITH settings AS MATERIALIZED (
    SELECT set_config('statement_timeout', $1, true), set_config('jit', 'off', true), set_config('random_page_cost', '1.1', true),
      set_config('plan_cache_mode', $4, true)
  )
  SELECT search_containing(request.text) AS pattern, search_prefix(request.text, request.weights)::text AS prefix,
    search_lexemes(search_signs(request.text))::text AS signs
  FROM settings, unnest($2::text[], $3::text[]) WITH ORDINALITY request(text, weights, n) ORDER BY request.n`,
);

/**
 * The two ways to look for files. On frequent words the list itself is quickest: read some of it and keep what matches. On
 * rare ones the text index is, which knows nothing of order: find all that match, then sort. The database cannot know
 * which it will be, and is wrong at a high price; so the first is tried as far as it is cheap, then the second.
 */
@Injectable()
export class SearchRepository {
  constructor(
    private readonly database: Database,
    private readonly readable: ReadableFiles,
  ) {}

  /** Runs a search in a transaction that ends what takes too long. */
  async bounded<T>(wanted: Wanted, work: (tx: Tx, conditions: SearchConditions) => Promise<T>): Promise<T> {
    const requests = SearchConditions.requests(wanted);
    return this.database.transaction(async (tx) => {
      const comparands = await this.database.execute<Comparand>(
        PREPARE,
        [
          String(TIMEOUT_MS),
          requests.map(({ text }) => text),
          requests.map(({ weights }) => weights),
          SearchConditions.usual(wanted) ? 'force_generic_plan' : 'auto',
        ],
        tx,
      );
      return work(tx, new SearchConditions(wanted, comparands));
    });
  }

  /** Reads the next files of the list, or those of a stretch, and keeps what matches. */
  async window(tx: Tx, search: Search, stretch: Stretch, pick: Pick): Promise<Found> {
    const statement = new SearchStatement(search, stretch, pick, this.readable);
    if (statement.sources.length === 0) return NOTHING;
    const conditions = search.conditions.sql(statement.bind);
    return statement.run(this.database, tx, windowSql(statement, conditions));
  }

  /**
   * Finds what matches by the indexes; where it is to be ranked, the first {@link RANKED} of the list. For one word, in a
   * list that begins with the newest, it looks for these alone as long as they promise to be enough. With several
   * conditions the database has a choice of indexes, and eras made it choose badly.
   *
   * @param reach how far a window came that did not have enough.
   */
  async matches(
    tx: Tx,
    search: Search,
    stretch: Stretch,
    pick: Pick,
    reach: Reach | null = null,
  ): Promise<Found> {
    const enough = pick.ranked ? RANKED : pick.limit;
    let looked: Looked | null = search.conditions.usual ? reach : null;
    for (let attempt = 0; reach !== null && looked !== null && attempt < ATTEMPTS; attempt++) {
      const guess = guessEras(reach, looked, enough);
      if (guess === null) break;
      const found = await this.indexed(tx, search, stretch, pick, guess.eras);
      if (found.matched >= enough) return found;
      looked = { days: guess.days, matched: found.matched };
    }
    return this.indexed(tx, search, stretch, pick, erasOfStretch(search, stretch));
  }

  /** Finds all that match; of some eras, or whenever. */
  private async indexed(
    tx: Tx,
    search: Search,
    stretch: Stretch,
    pick: Pick,
    eras: number[] | null,
  ): Promise<Found> {
    const statement = new SearchStatement(search, stretch, pick, this.readable);
    if (statement.sources.length === 0) return NOTHING;
    const conditions = search.conditions.sql(statement.bind);
    return statement.run(this.database, tx, matchesSql(statement, conditions, eras));
  }
}

/** A stretch that was read before says where all its matches are. */
function erasOfStretch({ sort, conditions }: Search, { from, to }: Stretch): number[] | null {
  if (sort !== 'createdAt' || !conditions.usual || from === undefined || to === undefined) return null;
  const [one, other] = [dayOf(from.key), dayOf(to.key)];
  return erasBetween(Math.min(one, other), Math.max(one, other));
}
