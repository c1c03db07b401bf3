import { Injectable } from '@nestjs/common';
import type { FileReader, FileSource } from '@waybill/features/files';
import { ReadableFiles } from '@waybill/features/files';
import { Database, type Tx } from '@waybill/platform/database';
import { SearchConditions, type Bind, type Comparand, type Wanted } from './search-conditions';

/** How many files of a source, in the order of the list, are read without the help of an index on texts. */
export const WINDOW = 2_000;
/** How many matches are ranked at a time, newest first. */
export const RANKED = 500;
/** A search that takes longer is ended by the database, and holds nobody up. */
const TIMEOUT_MS = 2_000;

export type SearchKey = 'createdAt' | 'name' | 'size';

/** A place in the order of a list: the sort key as the database wrote it, and the id. */
export interface Position {
  key: string;
  id: string;
}

/** A place in the order of relevance. */
export interface RankedPosition extends Position {
  score: number;
}

/** Which stretch of the list is looked at: its bounds are in it, but for `after`. */
export interface Stretch {
  after?: Position;
  from?: Position;
  to?: Position;
}

export interface Search {
  reader: FileReader;
  conditions: SearchConditions;
  sort: SearchKey;
  descending: boolean;
  now: Date;
}

/** What to take of a stretch: so many in the order of the list, or of relevance behind a place there. */
export interface Pick {
  ranked: boolean;
  behind?: RankedPosition;
  limit: number;
}

export type Match = RankedPosition;

export interface Found {
  rows: Match[];
  /** How many match in all, of which there are no more than were asked for or can be ranked. */
  matched: number;
  /** The first and the last of them, in the order of the list. */
  first: Position | null;
  last: Position | null;
  /** Nothing else matches. */
  complete: boolean;
  /** For each source all that matches in it, where it was read as a whole. */
  whole: (string[] | null)[];
}

const COLUMNS: Record<SearchKey, { column: string; type: string }> = {
  createdAt: { column: 'created_at', type: 'timestamptz' },
  name: { column: 'name', type: 'text' },
  size: { column: 'size', type: 'bigint' },
};

/**
 * What a search needs beforehand: its limit; no compiling, which takes longer than any search may; costs as they are where
 * indexes are in memory; and its texts as they are compared.
 */
const PREPARE = `
  WITH settings AS MATERIALIZED (
    SELECT set_config('statement_timeout', $1, true), set_config('jit', 'off', true), set_config('random_page_cost', '1.1', true)
  )
  SELECT search_containing(request.text) AS pattern, search_prefix(request.text, request.weights)::text AS prefix,
    search_lexemes(search_signs(request.text))::text AS signs
  FROM settings, unnest($2::text[], $3::text[]) WITH ORDINALITY request(text, weights, n) ORDER BY request.n`;

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
      const comparands = await this.database.query<Comparand>(
        PREPARE,
        [String(TIMEOUT_MS), requests.map(({ text }) => text), requests.map(({ weights }) => weights)],
        tx,
      );
      return work(tx, new SearchConditions(wanted, comparands));
    });
  }

  /**
   * Reads the next {@link WINDOW} files of the list, or those of a stretch, and keeps what matches. Where files come from
   * two sources, of which one was read less far back than the other, what lies behind that place is left out.
   */
  async window(tx: Tx, search: Search, stretch: Stretch, pick: Pick): Promise<Found> {
    const statement = new SearchStatement(search, pick, this.readable);
    if (statement.sources.length === 0) return NOTHING;
    const { order } = statement;
    const few = statement.bind(statement.most);
    const conditions = search.conditions.sql(statement.bind);
    const read = pick.ranked ? readWhole : readUntilEnough;
    const tables = statement.sources.map((source, n) =>
      read({ n, source, stretch, statement, conditions, few }),
    );
    const union = (name: string): string =>
      statement.sources.map((_, n) => `SELECT * FROM ${name}${n}`).join(' UNION ALL ');
    return statement.run(
      this.database,
      tx,
      `${tables.join(', ')},
       horizon AS MATERIALIZED (SELECT key, id FROM (${union('end')}) place ORDER BY ${order} LIMIT 1),
       matched AS MATERIALIZED (
         SELECT id, key, score FROM (${union('found')}) file
         WHERE NOT EXISTS (SELECT FROM horizon WHERE (file.key, file.id) ${statement.behind} (horizon.key, horizon.id))
         ORDER BY ${order} LIMIT ${few}
       )`,
      `NOT EXISTS (SELECT FROM horizon)`,
      statement.sources.map(
        (_, n) => `CASE WHEN NOT EXISTS (SELECT FROM end${n}) AND (SELECT count(*) FROM found${n}) < ${few}
          THEN ARRAY(SELECT id FROM found${n}) END`,
      ),
    );
  }

  /**
   * Finds all that match by the indexes; where they are to be ranked, the first {@link RANKED} of the list.
   *
   * @param whole what a window of this stretch has found in sources that it read as a whole: they are not read again.
   */
  async matches(
    tx: Tx,
    search: Search,
    stretch: Stretch,
    pick: Pick,
    whole: Found['whole'] = [],
  ): Promise<Found> {
    const statement = new SearchStatement(search, pick, this.readable);
    if (statement.sources.length === 0) return NOTHING;
    const { id, key, score } = statement.columns;
    const conditions = search.conditions.sql(statement.bind);
    const found = statement.sources.map((source, n) => {
      const rules = [source.where, source.listable];
      const known = whole[n];
      const wanted = known
        ? [`file.id = ANY(${statement.bind(known)}::uuid[])`]
        : [...conditions, ...statement.within(stretch, 'file', 'id')];
      return `SELECT file.id, file.${statement.column} AS key, file.ctid AS place FROM ${source.from} WHERE ${[...rules, ...wanted].join(' AND ')}`;
    });
    return statement.run(
      this.database,
      tx,
      `found AS MATERIALIZED (${found.join(' UNION ALL ')}),
       nearest AS MATERIALIZED (SELECT * FROM found ORDER BY ${statement.order} LIMIT ${statement.bind(statement.most)}),
       matched AS MATERIALIZED (
         SELECT ${id}, ${key}, ${score} AS score FROM nearest JOIN files file ON file.ctid = nearest.place
         ORDER BY ${statement.order}
       )`,
      'true',
      [],
    );
  }
}

const NOTHING: Found = { rows: [], matched: 0, first: null, last: null, complete: true, whole: [] };

type Row = { [N in keyof Match]: Match[N] | null } & Record<
  'firstKey' | 'firstId' | 'lastKey' | 'lastId',
  string | null
> & {
    matched: number;
    complete: boolean;
    whole: (string[] | null)[];
  };

interface Reading {
  /** The number of the source. */
  n: number;
  source: FileSource;
  stretch: Stretch;
  statement: SearchStatement;
  conditions: string[];
  /** The parameter that says how many matches are enough. */
  few: string;
}

/** The tables `found`, what matches of a source, and `end`, the place beyond which it was not read; for a list by relevance. */
function readWhole({ n, source, stretch, statement, conditions, few }: Reading): string {
  const { columns, order, opposite } = statement;
  const matches = [source.listable, ...conditions].join(' AND ');
  return `read${n} AS MATERIALIZED (
      SELECT ${columns.id}, ${columns.key}, CASE WHEN ${matches} THEN ${columns.score} END AS score
      FROM (SELECT file.* ${statement.windowOf(source, stretch)} LIMIT ${WINDOW}) file
    ), found${n} AS (
      SELECT * FROM read${n} WHERE score IS NOT NULL ORDER BY ${order} LIMIT ${few}
    ), end${n} AS (
      SELECT * FROM (SELECT key, id FROM read${n} ORDER BY ${opposite} LIMIT 1) place
      WHERE (SELECT count(*) FROM read${n}) = ${WINDOW}
    )`;
}

/** The same for a list by a sort key, which need not be read any further when there is enough for a page. */
function readUntilEnough({ n, source, stretch, statement, conditions, few }: Reading): string {
  const { columns, column } = statement;
  const matches = [source.listable, ...conditions].join(' AND ');
  const window = statement.windowOf(source, stretch);
  return `found${n} AS MATERIALIZED (
      SELECT ${columns.id}, ${columns.key}, ${columns.score} AS score FROM (SELECT file.* ${window} LIMIT ${WINDOW}) file
      WHERE ${matches} ORDER BY ${statement.orderOf('file', 'id')} LIMIT ${few}
    ), end${n} AS (
      SELECT * FROM (
        SELECT ${source.key}.${column} AS key, ${source.key}.${source.id} AS id ${window} OFFSET ${WINDOW - 1} LIMIT 1
      ) place WHERE (SELECT count(*) FROM found${n}) < ${few}
    )`;
}

/** What the two ways share: parameters, the order of the list, and how its places compare. */
class SearchStatement {
  readonly column: string;
  /** Of a table with `key` and `id`. */
  readonly order: string;
  /** The operator for what comes later in the list. */
  readonly behind: '<' | '>';
  readonly sources: FileSource[];
  readonly opposite: string;
  /** Of a match, taken from `file`. */
  readonly columns: { id: string; key: string; score: string };
  /** How many matches are looked at. */
  readonly most: number;
  private readonly direction: 'ASC' | 'DESC';
  private readonly parameters: unknown[] = [];

  constructor(
    private readonly search: Search,
    private readonly pick: Pick,
    readable: ReadableFiles,
  ) {
    this.column = COLUMNS[search.sort].column;
    this.direction = search.descending ? 'DESC' : 'ASC';
    this.behind = search.descending ? '<' : '>';
    this.order = `key ${this.direction}, id ${this.direction}`;
    this.opposite = search.descending ? 'key, id' : 'key DESC, id DESC';
    this.most = pick.ranked ? RANKED : pick.limit;
    this.sources = readable.sources(search.reader, this.bind, search.now);
    const score = search.conditions.scoreSql(this.bind);
    this.columns = { id: 'file.id', key: `file.${this.column} AS key`, score };
  }

  readonly bind: Bind = (value) => `$${this.parameters.push(value)}`;

  orderOf(table: string, id: string): string {
    return `${table}.${this.column} ${this.direction}, ${table}.${id} ${this.direction}`;
  }

  /** The files of a source in the order of the list, from its beginning or that of a stretch. */
  windowOf({ from, where, key, id }: FileSource, stretch: Stretch): string {
    const all = [where, 'file.deleted_at IS NULL', ...this.within(stretch, key, id)];
    return `FROM ${from} WHERE ${all.join(' AND ')} ORDER BY ${this.orderOf(key, id)}`;
  }

  /** The conditions for being in a stretch. */
  within({ after, from, to }: Stretch, table: string, id: string): string[] {
    const before = this.behind === '<' ? '>' : '<';
    const compare = (operator: string, place?: Position): string[] =>
      place === undefined
        ? []
        : [`(${table}.${this.column}, ${table}.${id}) ${operator} ${this.place(place)}`];
    return [
      ...compare(this.behind, after),
      ...compare(`${this.behind}=`, from),
      ...compare(`${before}=`, to),
    ];
  }

  /** Takes from `matched`, which has `id`, `key` and `score` in the order of the list, what was asked for. */
  async run(database: Database, tx: Tx, tables: string, complete: string, whole: string[]): Promise<Found> {
    const { ranked, behind, limit } = this.pick;
    // Ranked lists descend in all that they are sorted by: the best first, and of those the newest.
    const rest = behind
      ? `WHERE (score, key, id) < (${this.bind(behind.score)}::float8, ${this.parts(behind)})`
      : '';
    const order = ranked ? `score DESC, ${this.order}` : this.order;
    const rows = await database.query<Row>(
      `WITH ${tables}
       SELECT picked.id, picked.key::text AS key, picked.score, (SELECT count(*)::int FROM matched) AS matched,
         ${complete} AS complete, jsonb_build_array(${whole.map((ids) => `to_jsonb(${ids})`).join(', ')}) AS whole, first.key::text AS "firstKey", first.id AS "firstId", last.key::text AS "lastKey", last.id AS "lastId"
       FROM (SELECT) once LEFT JOIN (SELECT * FROM matched ORDER BY ${this.order} LIMIT 1) first ON true
         LEFT JOIN (SELECT * FROM matched ORDER BY ${this.opposite} LIMIT 1) last ON true
         LEFT JOIN (SELECT * FROM matched ${rest} ORDER BY ${order} LIMIT ${this.bind(limit)}) picked ON true
       ORDER BY ${order.replace(/\b(score|key|id)\b/g, 'picked.$1')}`,
      this.parameters,
      tx,
    );
    const { matched, complete: everything, whole: sources, firstKey, firstId, lastKey, lastId } = rows[0]!;
    return {
      rows: rows
        .filter((row): row is Row & Match => row.id !== null)
        .map(({ id, key, score }) => ({ id, key, score })),
      matched,
      first: firstId === null ? null : { key: firstKey!, id: firstId },
      last: lastId === null ? null : { key: lastKey!, id: lastId },
      complete: everything && matched < this.most,
      whole: sources,
    };
  }

  private place(place: Position): string {
    return `(${this.parts(place)})`;
  }

  private parts({ key, id }: Position): string {
    return `${this.bind(key)}::${COLUMNS[this.search.sort].type}, ${this.bind(id)}::uuid`;
  }
}
