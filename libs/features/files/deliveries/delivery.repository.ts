import { Injectable } from '@nestjs/common';
import { Database, fromNow, type Tx } from '@waybill/platform/database';
import { allowance, FORGIVEN_BYTES, RESET_GRACE_MS, RIDE_MS } from './delivery.policy';

/** What is to be handed to whom, and how it is charged. */
export interface DeliveryOrder {
  /** The share, or the file where it goes to a user. */
  subjectId: string;
  shareId: string | null;
  fileIds: readonly string[];
  userId: string | null;
  /** A keyed hash of who it is. */
  client: Buffer;
  /** Bytes of the whole. */
  size: number;
  /** Bytes of this request. */
  length: number;
  /** Whether it goes on from somewhere, as whoever finishes what broke does. */
  continues: boolean;
}

/** A sending that was let in. */
export interface Slot {
  sendingId: string;
  deliveryId: string;
}

export interface SendingToOpen {
  sendingId: string;
  deliveryId: string;
  /** Whether bytes leave as soon as this is committed, so that nobody could tell afterwards that none had. */
  begun: boolean;
  leaseMs: number;
}

/** What became of a sending. */
export interface SentBytes {
  sent: number;
  /** Its connection broke, or something failed here. */
  broken: boolean;
  /** Whether the last byte of the whole was among them. */
  last: boolean;
}

/** Where a delivery stands once one of its sendings has ended. */
export interface Settled {
  /** It has just come to its end, for the first time. */
  ended: boolean;
  /** Nothing of it has left, and nobody is at it. */
  empty: boolean;
}

/** Of the delivery that a range could be part of: whether its bytes have room there, and whether others are at it. */
export interface Standing {
  fits: boolean;
  busy: boolean;
}

/** A delivery of the same subject and client ($1, $2) that is not too old ($3, in milliseconds). */
const RECENT = `subject_id = $1 AND client = $2 AND started_at > now() - $3 * interval '1 millisecond'`;
const OPEN = `${RECENT} AND completed_at IS NULL`;
/** What counts as sent: who begins anew does not say that anything was lost, so nothing is forgiven to that. */
const sentFor = (continues: string): string => `(bytes + CASE WHEN ${continues} THEN 0 ELSE forgiven END)`;
/** What a connection has lost that broke after so many bytes. */
const lost = (sent: string): string =>
  `least(${sent}, greatest(0, least(size, ${FORGIVEN_BYTES}) - forgiven))`;
const LOST = `CASE WHEN $3::boolean THEN ${lost('$2::bigint')} ELSE 0 END`;

/**
 * The ledger's statements. They look at shares and files together, which is why those of shares are here as well: a slot
 * is one of both, or of neither. Locks are always taken in one order: the share, then files by id.
 */
@Injectable()
export class DeliveryRepository {
  constructor(private readonly database: Database) {}

  /**
   * Begins a delivery: takes one slot of the share and of every file, if all of them have one and are not over. One
   * statement: who races waits for the rows, and then sees what the one before has committed. Null when there is none.
   */
  async take(order: DeliveryOrder, sending: SendingToOpen, now: Date): Promise<Slot | null> {
    const rows = await this.database.query(
      `WITH share AS MATERIALIZED (
         SELECT id FROM shares WHERE id = $3::uuid AND revoked_at IS NULL AND expires_at > $8
           AND (max_downloads IS NULL OR download_count < max_downloads) FOR NO KEY UPDATE
       ), file AS MATERIALIZED (
         SELECT id FROM files WHERE id = ANY($4::uuid[]) AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > $8)
           AND (max_downloads IS NULL OR download_count < max_downloads) ORDER BY id FOR NO KEY UPDATE
       ), taken AS MATERIALIZED (
         SELECT WHERE ($3::uuid IS NULL OR EXISTS (SELECT FROM share))
           AND (SELECT count(*) FROM file) = cardinality($4::uuid[])
       ), charged_share AS (
         UPDATE shares SET download_count = download_count + 1 FROM taken WHERE id = $3::uuid
       ), charged_files AS (
         UPDATE files SET download_count = download_count + 1 FROM taken WHERE id = ANY($4::uuid[])
       ), delivery AS (
         INSERT INTO deliveries (id, subject_id, share_id, file_ids, user_id, client, size, reserved, started_at)
         SELECT $1, $2, $3, $4, $5, $6, $7, $9, now() FROM taken RETURNING id
       )
       INSERT INTO delivery_sendings (id, delivery_id, length, begun, lease_until)
       SELECT $10, id, $9, $11, ${fromNow(12)} FROM delivery RETURNING id`,
      [
        sending.deliveryId,
        order.subjectId,
        order.shareId,
        order.fileIds,
        order.userId,
        order.client,
        order.size,
        now,
        order.length,
        sending.sendingId,
        sending.begun,
        sending.leaseMs,
      ],
    );
    return rows.length > 0 ? { sendingId: sending.sendingId, deliveryId: sending.deliveryId } : null;
  }

  /** Goes on with an open delivery that has room for so many bytes. Null when there is none. */
  async ride(order: DeliveryOrder, sending: SendingToOpen): Promise<Slot | null> {
    const room = `${sentFor('$9::boolean')} + reserved + $4 <= $5`;
    const [row] = await this.database.query<{ deliveryId: string }>(
      `WITH delivery AS (
         UPDATE deliveries SET reserved = reserved + $4
         WHERE id = (SELECT id FROM deliveries WHERE ${OPEN} AND ${room} ORDER BY started_at DESC LIMIT 1 FOR UPDATE)
           AND completed_at IS NULL AND ${room} RETURNING id
       )
       INSERT INTO delivery_sendings (id, delivery_id, length, begun, lease_until)
       SELECT $6, id, $4, $7, ${fromNow(8)} FROM delivery RETURNING delivery_id AS "deliveryId"`,
      [
        order.subjectId,
        order.client,
        RIDE_MS,
        order.length,
        allowance(order.size),
        sending.sendingId,
        sending.begun,
        sending.leaseMs,
        order.continues,
      ],
    );
    return row === undefined ? null : { sendingId: sending.sendingId, deliveryId: row.deliveryId };
  }

  /**
   * Whether this could ride now, or could once others that are at it have ended, or what has just ended for us turns out to
   * have broken.
   */
  async standing(order: DeliveryOrder): Promise<Standing> {
    const [row] = await this.database.query<Standing>(
      `SELECT coalesce(bool_or(completed_at IS NULL AND ${sentFor('$6::boolean')} + reserved + $4 <= $5), false) AS fits,
              coalesce(bool_or(CASE WHEN completed_at IS NULL
                THEN reserved > 0 AND greatest(0, bytes - least(size, ${FORGIVEN_BYTES})) + $4 <= $5
                ELSE completed_at > now() - interval '${RESET_GRACE_MS} milliseconds' END), false) AS busy
       FROM deliveries WHERE ${RECENT}`,
      [order.subjectId, order.client, RIDE_MS, order.length, allowance(order.size), order.continues],
    );
    return row!;
  }

  /** Tells how far sendings have come, and that their process lives. Answers those that are still known. */
  async renew(progress: ReadonlyMap<string, number>, leaseMs: number): Promise<Set<string>> {
    const rows = await this.database.query<{ id: string }>(
      `UPDATE delivery_sendings sending SET begun = true, sent = told.sent, lease_until = ${fromNow(3)}
       FROM unnest($1::uuid[], $2::bigint[]) told(id, sent) WHERE sending.id = told.id RETURNING sending.id`,
      [[...progress.keys()], [...progress.values()], leaseMs],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Ends a sending after so many bytes. A delivery is over when all its bytes were sent, or when its last ones were and
   * what is missing was forgiven: then whoever asked for the rest said that he had those before.
   *
   * @returns null when it was ended already, its lease having run out.
   */
  async settle(tx: Tx, sendingId: string, { sent, broken, last }: SentBytes): Promise<Settled | null> {
    const [row] = await this.database.query<Settled>(
      `WITH ended AS (DELETE FROM delivery_sendings WHERE id = $1 RETURNING delivery_id, length)
       UPDATE deliveries SET reserved = reserved - ended.length, forgiven = forgiven + ${LOST},
         bytes = bytes + $2::bigint - ${LOST},
         completed_at = coalesce(completed_at, CASE WHEN NOT $3::boolean
           AND bytes + $2::bigint + CASE WHEN $4::boolean THEN forgiven ELSE 0 END >= size THEN now() END)
       FROM ended WHERE id = ended.delivery_id
       RETURNING completed_at IS NOT NULL AND NOT announced AS ended,
                 bytes = 0 AND forgiven = 0 AND reserved = 0 AND completed_at IS NULL AS empty`,
      [sendingId, sent, broken, last],
      tx,
    );
    return row ?? null;
  }

  async markAnnounced(tx: Tx, deliveryId: string): Promise<void> {
    await this.database.query('UPDATE deliveries SET announced = true WHERE id = $1', [deliveryId], tx);
  }

  /** Takes it back that a delivery has ended: the connection broke with the last `sent` bytes still on it. */
  async reopen(deliveryId: string, sent: number): Promise<void> {
    await this.database.query(
      `UPDATE deliveries SET forgiven = forgiven + ${lost('$2::bigint')}, bytes = bytes - ${lost('$2::bigint')},
         completed_at = NULL WHERE id = $1 AND completed_at IS NOT NULL`,
      [deliveryId, sent],
    );
  }

  /** Gives back the slots of a delivery of which nothing has left, and forgets it. */
  async giveBack(deliveryId: string): Promise<void> {
    await this.database.query(
      `WITH void AS MATERIALIZED (
         DELETE FROM deliveries WHERE id = $1 AND bytes = 0 AND forgiven = 0 AND reserved = 0 AND completed_at IS NULL
         RETURNING share_id, file_ids
       ), share AS MATERIALIZED (
         SELECT id FROM shares WHERE id = (SELECT share_id FROM void) FOR NO KEY UPDATE
       ), file AS MATERIALIZED (
         SELECT id FROM files WHERE id = ANY((SELECT file_ids FROM void)::uuid[])
           AND (SELECT count(*) FROM share) >= 0 ORDER BY id FOR NO KEY UPDATE
       ), share_freed AS (
         UPDATE shares SET download_count = download_count - 1 FROM share WHERE shares.id = share.id
       )
       UPDATE files SET download_count = download_count - 1 FROM file WHERE files.id = file.id`,
      [deliveryId],
    );
  }

  /**
   * Ends some of the sendings whose process has died, as far as they had told; of one client's where `order` names it. What
   * had not begun has sent nothing that counts. Answers the deliveries.
   */
  async reap(limit: number, order: DeliveryOrder | null = null): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `WITH dead AS (
         DELETE FROM delivery_sendings WHERE id IN (
           SELECT sending.id FROM delivery_sendings sending JOIN deliveries delivery ON delivery.id = sending.delivery_id
           WHERE sending.lease_until < now()
             AND ($2::uuid IS NULL OR (delivery.subject_id = $2 AND delivery.client = $3))
           LIMIT $1 FOR UPDATE OF sending SKIP LOCKED)
         RETURNING delivery_id, length, CASE WHEN begun THEN sent ELSE 0 END AS sent
       ), sums AS (
         SELECT delivery_id, sum(length)::bigint AS length, sum(sent)::bigint AS sent FROM dead GROUP BY 1
       )
       UPDATE deliveries SET reserved = reserved - sums.length, forgiven = forgiven + ${lost('sums.sent')},
         bytes = bytes + sums.sent - ${lost('sums.sent')}
       FROM sums WHERE id = sums.delivery_id RETURNING id`,
      [limit, order?.subjectId ?? null, order?.client ?? null],
    );
    return rows.map(({ id }) => id);
  }

  /** Deliveries of which nothing has left and nobody is at, although they began a while ago. */
  async findVoid(olderThanMs: number, limit: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM deliveries WHERE bytes = 0 AND forgiven = 0 AND reserved = 0 AND completed_at IS NULL
         AND started_at < now() - $1 * interval '1 millisecond' ORDER BY started_at LIMIT $2`,
      [olderThanMs, limit],
    );
    return rows.map(({ id }) => id);
  }

  /** Forgets deliveries that began before then. What they were remains in the events. */
  async forget(before: Date, limit: number): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE started_at < $1 AND reserved = 0 LIMIT $2)
       RETURNING id`,
      [before, limit],
    );
    return rows.length;
  }
}
