import { Injectable, Logger } from '@nestjs/common';
import { Database } from '@waybill/platform/database';
import { ObjectStores, type ObjectStore } from '@waybill/platform/storage';
import { judge, readGenerations, type Generations } from './generations';
import { SweepAlarms } from './sweep-alarms';

/** How much of what was done after a backup can go unnoticed when it is restored. */
const ADVANCE_MS = 60_000;

/**
 * Tells whether database and store are of one age. Both keep a number that grows by the minute: first the database's, then
 * the store's. A database that was restored from a backup has a lower one than its store, and calls things abandoned,
 * expired or deleted that have gone on since; a store that was, or that is not mounted, lacks what it should have. Nobody
 * may delete by what such a pair says, until an operator has looked at it.
 */
@Injectable()
export class StoreGenerations {
  private readonly log = new Logger(StoreGenerations.name);
  private readonly store: ObjectStore;
  private silent = false;

  constructor(
    private readonly database: Database,
    stores: ObjectStores,
    private readonly alarms: SweepAlarms,
  ) {
    this.store = stores.default;
  }

  /** Whether sweepers may delete now. Raises the alarm where not, and ends it; counts on. */
  async agree(): Promise<boolean> {
    let found: Generations;
    try {
      found = await readGenerations(this.database, this.store);
      // Whoever is held up between the two reads sees a store of minutes ago.
      if (judge(found) === 'store-incomplete') found = await readGenerations(this.database, this.store);
    } catch (error) {
      await this.alarms.raise('STORE_INCOMPLETE', `it cannot be asked (${(error as Error).message})`);
      return false;
    }
    const { stored, recorded } = found;
    switch (judge(found)) {
      case 'database-older':
        await this.alarms.raise(
          'DATABASE_OLDER',
          `generation ${recorded ?? 'none'} here, ${stored} there. ${ADVICE}`,
        );
        return false;
      case 'store-incomplete':
        await this.alarms.raise(
          'STORE_INCOMPLETE',
          `generation ${recorded} here, ${stored ?? 'none'} there. ${ADVICE}`,
        );
        return false;
      case 'new':
      case 'agree':
        await this.alarms.clear('DATABASE_OLDER', 'STORE_INCOMPLETE');
        await this.advance(found);
        return true;
    }
  }

  /**
   * Takes database and store for a pair, whatever they were: the operator says so.
   *
   * @returns what they had, and the number that both have now.
   */
  async acknowledge(): Promise<Generations & { now: number }> {
    const found = await readGenerations(this.database, this.store);
    const now = Math.max(found.stored ?? 0, found.recorded ?? 0) + 1;
    await this.database.query(
      `INSERT INTO store_generations (driver, generation, advanced_at) VALUES ($1, $2, now())
       ON CONFLICT (driver) DO UPDATE SET generation = excluded.generation, advanced_at = excluded.advanced_at`,
      [this.store.driver, now],
    );
    await this.store.setGeneration(now);
    await this.alarms.clear('DATABASE_OLDER', 'STORE_INCOMPLETE');
    return { ...found, now };
  }

  /** The store follows the database, which counts on when it is time. A store that takes nothing can be swept all the same. */
  private async advance({ stored, recorded }: Generations): Promise<void> {
    try {
      const following = stored !== recorded && recorded !== 0;
      const next = following ? recorded : await this.next(stored ?? 0);
      if (next !== null) await this.store.setGeneration(next);
      this.silent = false;
    } catch (error) {
      if (!this.silent) this.log.warn('The generation of the store could not be written', error);
      this.silent = true;
    }
  }

  /** The next number, committed; null when it is not time yet, or somebody else was quicker. */
  private async next(stored: number): Promise<number | null> {
    const [row] = await this.database.query<{ generation: number }>(
      `INSERT INTO store_generations AS known (driver, generation, advanced_at) VALUES ($1, 1, now())
       ON CONFLICT (driver) DO UPDATE SET generation = greatest(known.generation, $3) + 1, advanced_at = now()
         WHERE known.generation = 0 OR known.advanced_at < now() - $2 * interval '1 millisecond'
       RETURNING generation`,
      [this.store.driver, ADVANCE_MS, stored],
    );
    return row?.generation ?? null;
  }
}

const ADVICE = 'See what fsck finds, then: npm run sweep:resume';
