import type { Database } from '@waybill/platform/database';
import type { ObjectStore } from '@waybill/platform/storage';

/**
 * What a store and the database have for the number that both keep; null where they have none. The database has 0 as long as
 * it was never beside a store.
 */
export interface Generations {
  stored: number | null;
  recorded: number | null;
}

export type Verdict =
  /** They belong together. */
  | 'agree'
  /** The database has not begun to count, and no rows by which anything could be deleted wrongly. */
  | 'new'
  /** The store knows of a time that the database has not seen: it was restored, or is another one. */
  | 'database-older'
  /** The store lacks what the database knows to be there: it was restored, is another one, or is not mounted. */
  | 'store-incomplete';

/** Reads the store first: the database is always ahead of it, by one at most, so whoever counts on beside this misleads nobody. */
export async function readGenerations(database: Database, store: ObjectStore): Promise<Generations> {
  const stored = await store.generation();
  const [row] = await database.query<{ generation: number }>(
    'SELECT generation FROM store_generations WHERE driver = $1',
    [store.driver],
  );
  return { stored, recorded: row?.generation ?? null };
}

export function judge({ stored, recorded }: Generations): Verdict {
  if (recorded === 0) return 'new';
  if (recorded === null) return stored === null ? 'new' : 'database-older';
  if (stored !== null && stored > recorded) return 'database-older';
  return (stored ?? 0) < recorded - 1 ? 'store-incomplete' : 'agree';
}
