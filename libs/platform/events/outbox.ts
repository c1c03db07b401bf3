import { Injectable } from '@nestjs/common';
import type { EventType, NewEvent } from '@waybill/core/contracts';
import { uuidv7 } from '@waybill/core/kernel';
import { Database, prepared, type Tx } from '@waybill/platform/database';

const APPEND = prepared(
  'append-event',
  `WITH event AS (
         INSERT INTO events (id, type, actor_id, owner_id, subject_id, data)
         VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
       )
       INSERT INTO event_outbox (event_id) SELECT id FROM event`,
);

/** Where events are written: in the transaction of the change that they tell of, or not at all. */
@Injectable()
export class Outbox {
  constructor(private readonly database: Database) {}

  /** Writes an event beside the change that `tx` makes. It is announced after the commit, and only then. */
  async append<T extends EventType>(tx: Tx, event: NewEvent<T>): Promise<string> {
    const id = uuidv7();
    await this.database.execute(
      APPEND,
      [id, event.type, event.actorId, event.ownerId, event.subjectId, JSON.stringify(event.data)],
      tx,
    );
    return id;
  }
}
