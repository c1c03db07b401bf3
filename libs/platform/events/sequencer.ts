import { Injectable } from '@nestjs/common';
import { Database } from '@waybill/platform/database';

const BATCH = 1_000;

/** So many events of a kind; `failureCode` is that of failed uploads. */
export interface PlacedEvents {
  type: string;
  failureCode: string | null;
  count: number;
}

/**
 * Gives committed events their place in the feed.
 *
 * Insertion order is not commit order: a reader that has seen number 6002 can miss 6001, committed later. So events
 * are numbered again, after they were committed, by one writer at a time; what it has numbered never changes, and
 * every transport reads from there. The outbox holds just what has no number yet, so the work does not grow with
 * history.
 */
@Injectable()
export class Sequencer {
  constructor(private readonly database: Database) {}

  /**
   * Numbers what is waiting, and tells how many that were. Safe to call from several processes at once.
   *
   * @param onPlaced hears, after the commit, how many events of each kind have got their place: each event is told of
   * once, by the process that numbered it.
   */
  async run(onPlaced: (placed: PlacedEvents[]) => void = () => undefined): Promise<number> {
    let total = 0;
    for (;;) {
      const kinds = await this.runBatch();
      const placed = kinds.reduce((sum, { count }) => sum + count, 0);
      if (placed > 0) onPlaced(kinds);
      total += placed;
      if (placed < BATCH) return total;
    }
  }

  /** Each event is looked up by its key (LATERAL … LIMIT 1): the planner would rather read all of a history that is short. */
  private async runBatch(): Promise<PlacedEvents[]> {
    return this.database.transaction(async (tx) => {
      // The lock lasts to the end of the transaction: the next writer starts from what this one has committed.
      await this.database.query(
        `SELECT pg_advisory_xact_lock(hashtextextended('waybill:sequencer', 0))`,
        [],
        tx,
      );
      return this.database.query<PlacedEvents>(
        `WITH taken AS (
           DELETE FROM event_outbox
           WHERE seq IN (SELECT seq FROM event_outbox ORDER BY seq LIMIT ${BATCH})
           RETURNING seq, event_id
         ), named AS MATERIALIZED (
           SELECT seq, event_id, owner_id, type, failure_code
           FROM taken LEFT JOIN LATERAL (
             SELECT owner_id, type, data->>'failureCode' AS failure_code FROM events WHERE id = event_id LIMIT 1
           ) event ON true
         ), last AS (
           SELECT coalesce(max(position), 0) AS position FROM event_feed
         ), placed AS (
           INSERT INTO event_feed (position, event_id, owner_id)
           SELECT last.position + row_number() OVER (ORDER BY seq), event_id, owner_id FROM named, last
         )
         SELECT type, failure_code AS "failureCode", count(*)::int AS count
         FROM named WHERE type IS NOT NULL GROUP BY 1, 2`,
        [],
        tx,
      );
    });
  }
}
