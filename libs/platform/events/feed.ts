import { Injectable } from '@nestjs/common';
import type { AnyCommittedEvent, EventType } from '@waybill/core/contracts';
import { Database, type Tx } from '@waybill/platform/database';

const SELECT = `SELECT feed.position, event.id, event.type, event.occurred_at AS "occurredAt",
    event.actor_id AS "actorId", event.owner_id AS "ownerId", event.subject_id AS "subjectId", event.data
  FROM event_feed feed JOIN events event ON event.id = feed.event_id`;

/** Reads the feed: committed events, in the order that all readers see. */
@Injectable()
export class EventFeed {
  constructor(private readonly database: Database) {}

  /** The events after `position`, at most `limit`, in feed order. */
  async after(position: number, limit: number, tx?: Tx): Promise<AnyCommittedEvent[]> {
    return this.database.query<AnyCommittedEvent>(
      `${SELECT} WHERE feed.position > $1 ORDER BY feed.position LIMIT $2`,
      [position, limit],
      tx,
    );
  }

  /** The same of one owner's events, of these types. */
  async ofOwner(
    ownerId: string,
    { types, after, limit }: { types: readonly EventType[]; after: number; limit: number },
  ): Promise<AnyCommittedEvent[]> {
    return this.database.query<AnyCommittedEvent>(
      `${SELECT} WHERE feed.owner_id = $1 AND feed.position > $2 AND event.type = ANY($3)
       ORDER BY feed.position LIMIT $4`,
      [ownerId, after, types, limit],
    );
  }

  /** The event of that id, if it has its place; else null. */
  async find(id: string): Promise<AnyCommittedEvent | null> {
    const [event] = await this.database.query<AnyCommittedEvent>(`${SELECT} WHERE event.id = $1`, [id]);
    return event ?? null;
  }

  /** Where the feed ends now: whoever reads on from there sees what comes, and nothing of before. */
  async end(): Promise<number> {
    const [row] = await this.database.query<{ position: number }>(
      'SELECT coalesce(max(position), 0) AS position FROM event_feed',
    );
    return row!.position;
  }

  /**
   * Hands the next events to `consume`, in the transaction that also remembers how far the reader has come: what
   * `consume` writes through `tx` is done once for each event. One process at a time reads under a name; another
   * caller finds nothing to do. Tells how many events were consumed.
   */
  async advance(
    reader: string,
    limit: number,
    consume: (tx: Tx, events: AnyCommittedEvent[]) => Promise<void>,
  ): Promise<number> {
    await this.database.query('INSERT INTO event_cursors (reader) VALUES ($1) ON CONFLICT DO NOTHING', [
      reader,
    ]);
    return this.database.transaction(async (tx) => {
      const [cursor] = await this.database.query<{ position: number }>(
        'SELECT position FROM event_cursors WHERE reader = $1 FOR UPDATE SKIP LOCKED',
        [reader],
        tx,
      );
      if (cursor === undefined) return 0;
      const events = await this.after(cursor.position, limit, tx);
      if (events.length === 0) return 0;
      await consume(tx, events);
      await this.database.query(
        'UPDATE event_cursors SET position = $2 WHERE reader = $1',
        [reader, events[events.length - 1]!.position],
        tx,
      );
      return events.length;
    });
  }
}
