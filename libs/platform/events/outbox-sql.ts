/**
 * CTEs that write an event for each row of a relation of the statement around them (`event_id`, `type`, `actor_id`,
 * `owner_id`, `subject_id`, `data`), in the order of their ids. As `Outbox.append`: in the transaction of the change
 * that they tell of.
 */
export function appendEvents(relation: string): string {
  return `event AS (
      INSERT INTO events (id, type, actor_id, owner_id, subject_id, data)
      SELECT event_id, type, actor_id, owner_id, subject_id, data FROM ${relation}
    ), outboxed AS (
      INSERT INTO event_outbox (event_id) SELECT event_id FROM ${relation} ORDER BY event_id
    )`;
}
