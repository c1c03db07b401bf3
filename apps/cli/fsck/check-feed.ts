import type { FsckContext } from './context';
import { BEFORE_ALL_IDS, keyset } from './keyset';

const PAGE = 10_000;

/**
 * Events reach everybody once: the feed has no gap, and every event is either in it or waits to be. Each statement sees
 * one moment, and the sequencer moves events in one transaction, in order.
 */
export async function checkFeed(context: FsckContext): Promise<void> {
  await checkPositions(context);
  await checkOutbox(context);
  await checkEvents(context);
}

interface Position {
  position: number;
  eventId: string;
  known: boolean;
}

async function checkPositions({ database, report }: FsckContext): Promise<void> {
  const pages = keyset(
    0,
    PAGE,
    (row: Position) => row.position,
    (after, limit) =>
      database.query<Position>(
        `SELECT feed.position, feed.event_id AS "eventId", event.id IS NOT NULL AS known
         FROM event_feed feed LEFT JOIN events event ON event.id = feed.event_id
         WHERE feed.position > $1 ORDER BY feed.position LIMIT $2`,
        [after, limit],
      ),
  );
  let last = 0;
  for await (const page of pages) {
    for (const { position, eventId, known } of page) {
      if (position !== last + 1) {
        const missing = position - last - 1;
        report({
          code: 'FEED_GAP',
          subject: String(last + 1),
          detail: `${missing} positions are missing from here on`,
        });
      }
      if (!known)
        report({
          code: 'FEED_EVENT_MISSING',
          subject: eventId,
          detail: `is at position ${position} and is not there`,
        });
      last = position;
    }
  }
}

async function checkOutbox({ database, report }: FsckContext): Promise<void> {
  const pages = keyset(
    0,
    PAGE,
    (row: { seq: number; eventId: string; known: boolean; placed: boolean }) => row.seq,
    (after, limit) =>
      database.query(
        `SELECT waiting.seq, waiting.event_id AS "eventId", event.id IS NOT NULL AS known,
                feed.position IS NOT NULL AS placed
         FROM event_outbox waiting LEFT JOIN events event ON event.id = waiting.event_id
              LEFT JOIN event_feed feed ON feed.event_id = waiting.event_id
         WHERE waiting.seq > $1 ORDER BY waiting.seq LIMIT $2`,
        [after, limit],
      ),
  );
  for await (const page of pages) {
    for (const { eventId, known, placed } of page) {
      if (!known)
        report({ code: 'OUTBOX_EVENT_MISSING', subject: eventId, detail: 'waits, and is not there' });
      if (placed)
        report({ code: 'EVENT_TWICE', subject: eventId, detail: 'is in the feed, and waits for it' });
    }
  }
}

async function checkEvents({ database, report }: FsckContext): Promise<void> {
  const pages = keyset(
    BEFORE_ALL_IDS,
    PAGE,
    (row: { id: string; type: string; announced: boolean }) => row.id,
    (after, limit) =>
      database.query(
        `SELECT event.id, event.type,
                (SELECT true FROM event_feed feed WHERE feed.event_id = event.id) IS TRUE
                OR event.id IN (SELECT event_id FROM event_outbox) AS announced
         FROM (SELECT id, type FROM events WHERE id > $1 ORDER BY id LIMIT $2) event ORDER BY event.id`,
        [after, limit],
      ),
  );
  for await (const page of pages) {
    for (const { id, type, announced } of page) {
      if (!announced)
        report({
          code: 'EVENT_UNANNOUNCED',
          subject: id,
          detail: `${type} is neither in the feed nor on its way`,
        });
    }
  }
}
