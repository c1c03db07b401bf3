/** Below every id of the database. */
export const BEFORE_ALL_IDS = '00000000-0000-0000-0000-000000000000';

/**
 * Walks a table in the order of a unique key, a page at a time: constant memory, short statements, and whatever is
 * there all the while is seen once, however the rest of the table changes.
 *
 * @param page the rows after a key, in order, at most `limit`.
 */
export async function* keyset<Row, Key>(
  start: Key,
  limit: number,
  key: (row: Row) => Key,
  page: (after: Key, limit: number) => Promise<Row[]>,
): AsyncGenerator<Row[]> {
  let after = start;
  for (;;) {
    const rows = await page(after, limit);
    if (rows.length > 0) yield rows;
    if (rows.length < limit) return;
    after = key(rows[rows.length - 1]!);
  }
}
