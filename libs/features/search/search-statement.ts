import { sha256 } from '@waybill/core/crypto';
import type { FileReader, FileSource, ReadableFiles } from '@waybill/features/files';
import { prepared, type Database, type Tx } from '@waybill/platform/database';
import { dayOf, type Reach } from './eras';
import type { Bind, SearchConditions } from './search-conditions';

/** How many matches are ranked at a time, newest first. */
export const RANKED = 500;

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
  /** Of a window of the newest files that does not reach to the end. */
  reach: Reach | null;
}

export const NOTHING: Found = {
  rows: [],
  matched: 0,
  first: null,
  last: null,
  complete: true,
  reach: null,
};

const COLUMNS: Record<SearchKey, { column: string; type: string }> = {
  createdAt: { column: 'created_at', type: 'timestamptz' },
  name: { column: 'name', type: 'text' },
  size: { column: 'size', type: 'bigint' },
};

type Row = { [N in keyof Match]: Match[N] | null } & Record<
  'firstKey' | 'firstId' | 'lastKey' | 'lastId',
  string | null
> & {
    matched: number;
    complete: boolean;
    /** Times: of the first file, the last that was read, and the last that there is. */
    reach: [string, string | null, string] | null;
  };

/** A way to look for files, in SQL. */
export interface Matching {
  /** Tables, of which `matched` has `id`, `key` and `score` of the matches in the order of the list. */
  tables: string;
  /** Whether these are all, unless there are as many as were asked for. */
  complete: string;
  reach: string;
}

/** What the ways to look for files share: parameters, the order of the list, and how its places compare. */
export class SearchStatement {
  readonly column: string;
  /** Of a table with `key` and `id`. */
  readonly order: string;
  readonly opposite: string;
  /** The operator for what comes later in the list. */
  readonly behind: '<' | '>';
  readonly descending: boolean;
  readonly ranked: boolean;
  readonly sources: FileSource[];
  /** Of a match, taken from `file`. */
  readonly columns: { id: string; key: string; score: string };
  /** How many matches are looked at. */
  readonly most: number;
  private readonly direction: 'ASC' | 'DESC';
  private readonly parameters: unknown[] = [];

  constructor(
    private readonly search: Search,
    private readonly stretch: Stretch,
    private readonly pick: Pick,
    readable: ReadableFiles,
  ) {
    this.column = COLUMNS[search.sort].column;
    this.descending = search.descending;
    this.ranked = pick.ranked;
    this.direction = search.descending ? 'DESC' : 'ASC';
    this.behind = search.descending ? '<' : '>';
    this.order = `key ${this.direction}, id ${this.direction}`;
    this.opposite = search.descending ? 'key, id' : 'key DESC, id DESC';
    this.most = pick.ranked ? RANKED : pick.limit;
    this.sources = readable.sources(search.reader, this.bind, search.now);
    const score = search.conditions.scoreSql(this.bind);
    this.columns = { id: 'file.id', key: `file.${this.column} AS key`, score };
  }

  /** Of the first page of what many ask for: planned once for each connection. */
  private get usual(): boolean {
    const { after, from } = this.stretch;
    const first = after === undefined && from === undefined && this.pick.behind === undefined;
    return first && this.search.conditions.usual && this.search.sort === 'createdAt';
  }

  readonly bind: Bind = (value) => `$${this.parameters.push(value)}`;

  orderOf(table: string, id: string): string {
    return `${table}.${this.column} ${this.direction}, ${table}.${id} ${this.direction}`;
  }

  /** The files of a source in the order of the list, from its beginning or that of the stretch. */
  windowOf({ from, where, key, id }: FileSource, also: string[] = []): string {
    const all = [where, 'file.deleted_at IS NULL', ...this.within(key, id), ...also];
    return `FROM ${from} WHERE ${all.join(' AND ')} ORDER BY ${this.orderOf(key, id)}`;
  }

  /** The conditions for being in the stretch. */
  within(table: string, id: string): string[] {
    const { after, from, to } = this.stretch;
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

  /** Asks for what was to be picked of the matches. */
  async run(database: Database, tx: Tx, { tables, complete, reach }: Matching): Promise<Found> {
    const { behind, limit } = this.pick;
    // Ranked lists descend in all that they are sorted by: the best first, and of those the newest.
    const rest = behind
      ? `WHERE (score, key, id) < (${this.bind(behind.score)}::float8, ${this.parts(behind)})`
      : '';
    const order = this.ranked ? `score DESC, ${this.order}` : this.order;
    const text = `WITH ${tables}
       SELECT picked.id, picked.key::text AS key, picked.score, (SELECT count(*)::int FROM matched) AS matched,
         ${complete} AS complete, ${reach} AS reach, first.key::text AS "firstKey", first.id AS "firstId",
         last.key::text AS "lastKey", last.id AS "lastId"
       FROM (SELECT) once LEFT JOIN (SELECT * FROM matched ORDER BY ${this.order} LIMIT 1) first ON true
         LEFT JOIN (SELECT * FROM matched ORDER BY ${this.opposite} LIMIT 1) last ON true
         LEFT JOIN (SELECT * FROM matched ${rest} ORDER BY ${order} LIMIT ${this.bind(limit)}) picked ON true
       ORDER BY ${order.replace(/\b(score|key|id)\b/g, 'picked.$1')}`;
    const rows = this.usual
      ? await database.execute<Row>(prepared(nameOf(text), text), this.parameters, tx)
      : await database.query<Row>(text, this.parameters, tx);
    return this.read(rows);
  }

  private read(rows: Row[]): Found {
    const { matched, complete, reach, firstKey, firstId, lastKey, lastId } = rows[0]!;
    return {
      rows: rows
        .filter((row): row is Row & Match => row.id !== null)
        .map(({ id, key, score }) => ({ id, key, score })),
      matched,
      first: firstId === null ? null : { key: firstKey!, id: firstId },
      last: lastId === null ? null : { key: lastKey!, id: lastId },
      complete: complete && matched < this.most,
      reach: reach && reachOf(reach, matched),
    };
  }

  private place(place: Position): string {
    return `(${this.parts(place)})`;
  }

  private parts({ key, id }: Position): string {
    return `${this.bind(key)}::${COLUMNS[this.search.sort].type}, ${this.bind(id)}::uuid`;
  }
}

function reachOf([first, last, oldest]: NonNullable<Row['reach']>, matched: number): Reach | null {
  if (last === null) return null;
  const newest = dayOf(first);
  return { newest, oldest: dayOf(oldest), days: newest - dayOf(last), matched };
}

/** Statements that differ have other names. */
function nameOf(text: string): string {
  return `search-${sha256(text).toString('hex').slice(0, 32)}`;
}
