import type { FileSource } from '@waybill/features/files';
import type { Matching, SearchStatement } from './search-statement';

/**
 * Finds all that match by the indexes, in some eras or whenever, and sorts them. Only then those that are first in the list
 * are ranked, where they were found: the text of a row is much to read.
 */
export function matchesSql(
  statement: SearchStatement,
  conditions: string[],
  eras: number[] | null,
): Matching {
  const { order, columns, sources } = statement;
  const byEra = eras !== null && sources.some(({ texts }) => texts === 'eras');
  const found = sources.map((source) => {
    const { where, key, id } = source;
    const range = [where, ...statement.within(key, id)];
    // Of every source, so that what they give together has no gaps.
    if (byEra) range.push(`search_eras(${key}.created_at) && ${statement.bind(eras)}::int[]`);
    return foundSql(source, statement.column, range, [source.listable, ...conditions]);
  });
  // OFFSET keeps the database from reading the list in its order instead, in the hope of early matches.
  return {
    tables: `matched AS MATERIALIZED (
       SELECT ${columns.id}, ${columns.key}, ${columns.score} AS score
       FROM (
         SELECT place FROM (SELECT * FROM (${found.join(' UNION ALL ')}) every OFFSET 0) found
         ORDER BY ${order} LIMIT ${statement.bind(statement.most)}
       ) nearest JOIN files file ON file.ctid = nearest.place
       ORDER BY ${statement.orderOf('file', 'id')}
     )`,
    complete: 'true',
    reach: 'NULL::jsonb',
  };
}

function foundSql(
  { from, texts }: FileSource,
  column: string,
  range: string[],
  conditions: string[],
): string {
  const wanted = conditions.join(' AND ');
  if (texts !== null) {
    return `SELECT file.id, file.${column} AS key, file.ctid AS place FROM ${from} WHERE ${range.join(' AND ')} AND ${wanted}`;
  }
  // Read as they are: an index that leads to texts leads to those of all the others here.
  return `SELECT file.id, file.${column} AS key, file.place
    FROM (SELECT file.*, file.ctid AS place FROM ${from} WHERE ${range.join(' AND ')} OFFSET 0) file WHERE ${wanted}`;
}
