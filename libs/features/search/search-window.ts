import type { FileSource } from '@waybill/features/files';
import type { Matching, SearchStatement } from './search-statement';

/** How many files of a source, in the order of the list, are read without the help of an index on texts. */
export const WINDOW = 2_000;

interface Reading {
  /** The number of the source. */
  n: number;
  source: FileSource;
  statement: SearchStatement;
  conditions: string[];
  /** The parameter that says how many matches are enough. */
  few: string;
  near: string[];
}

/**
 * Reads the next {@link WINDOW} files of each source, or those of a stretch, and keeps what matches. Where sources were not
 * read equally far, what lies behind the nearest of their ends, the horizon, is left out.
 */
export function windowSql(statement: SearchStatement, conditions: string[]): Matching {
  const { order, behind, sources } = statement;
  const few = statement.bind(statement.most);
  const read = statement.ranked ? readWhole : readUntilEnough;
  const tables = sources.map((source, n) =>
    read({ n, source, statement, conditions, few, near: n === 0 ? [] : nearSql(source, statement) }),
  );
  const union = (name: string): string =>
    sources.map((_, n) => `SELECT * FROM ${name}${n}`).join(' UNION ALL ');
  const matched = `${tables.join(', ')},
     horizon AS MATERIALIZED (SELECT key, id FROM (${union('end')}) place ORDER BY ${order} LIMIT 1),
     matched AS MATERIALIZED (
       SELECT id, key, score FROM (${union('found')}) file
       WHERE NOT EXISTS (SELECT FROM horizon WHERE (file.key, file.id) ${behind} (horizon.key, horizon.id))
       ORDER BY ${order} LIMIT ${few}
     )`;
  return {
    tables: matched,
    complete: 'NOT EXISTS (SELECT FROM horizon)',
    reach: reachSql(statement),
  };
}

/** Of the source that knows eras: the times of its first file, of the last that was read, and of the last that there is. */
function reachSql(statement: SearchStatement): string {
  const { column, descending, sources } = statement;
  const [first] = sources;
  if (first?.texts !== 'eras' || column !== 'created_at' || !descending) return 'NULL::jsonb';
  return `jsonb_build_array(
    (SELECT file.created_at ${statement.windowOf(first)} LIMIT 1), (SELECT key FROM end0),
    (SELECT file.created_at FROM ${first.from} WHERE ${first.where} AND file.deleted_at IS NULL
     ORDER BY file.created_at, file.id LIMIT 1))`;
}

/** What the horizon of the first source, or its matches, will leave out is not read: a client may have many grants. */
function nearSql({ key }: FileSource, { column, descending, order, most, bind }: SearchStatement): string[] {
  // Of the other keys there is none that comes before or after all.
  if (column !== 'created_at') return [];
  const [reaches, all] = descending ? ['>=', '-infinity'] : ['<=', 'infinity'];
  const enough = `(SELECT key FROM found0 ORDER BY ${order} OFFSET ${bind(most - 1)} LIMIT 1)`;
  return [`${key}.created_at ${reaches} coalesce(${enough}, (SELECT key FROM end0), '${all}')`];
}

/** The tables `found`, what matches of a source, and `end`, the place beyond which it was not read; for a list by relevance. */
function readWhole({ n, source, statement, conditions, few, near }: Reading): string {
  const { columns, order, opposite } = statement;
  const matches = [source.listable, ...conditions].join(' AND ');
  return `read${n} AS MATERIALIZED (
      SELECT ${columns.id}, ${columns.key}, CASE WHEN ${matches} THEN ${columns.score} END AS score
      FROM (SELECT file.* ${statement.windowOf(source, near)} LIMIT ${WINDOW}) file
    ), found${n} AS (
      SELECT * FROM read${n} WHERE score IS NOT NULL ORDER BY ${order} LIMIT ${few}
    ), end${n} AS MATERIALIZED (
      SELECT * FROM (SELECT key, id FROM read${n} ORDER BY ${opposite} LIMIT 1) place
      WHERE (SELECT count(*) FROM read${n}) = ${WINDOW}
    )`;
}

/** The same for a list by a sort key, which need not be read any further when there is enough for a page. */
function readUntilEnough({ n, source, statement, conditions, few, near }: Reading): string {
  const { columns, column } = statement;
  const matches = [source.listable, ...conditions].join(' AND ');
  const window = statement.windowOf(source, near);
  return `found${n} AS MATERIALIZED (
      SELECT ${columns.id}, ${columns.key}, ${columns.score} AS score FROM (SELECT file.* ${window} LIMIT ${WINDOW}) file
      WHERE ${matches} ORDER BY ${statement.orderOf('file', 'id')} LIMIT ${few}
    ), end${n} AS MATERIALIZED (
      SELECT * FROM (
        SELECT ${source.key}.${column} AS key, ${source.key}.${source.id} AS id ${window} OFFSET ${WINDOW - 1} LIMIT 1
      ) place WHERE (SELECT count(*) FROM found${n}) < ${few}
    )`;
}
