import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@waybill/platform/database';
import type { WebhookDeliveryStatus } from './webhook.entity';

/** An event as webhooks send it. */
export interface WebhookPayload {
  id: string;
  type: string;
  /** RFC 3339, UTC. */
  occurredAt: string;
  data: object;
}

export interface NewDelivery {
  id: string;
  webhookId: string;
  /** Null where nothing has to wait for it. */
  subjectId: string | null;
  position: number;
  payload: WebhookPayload;
}

/** A delivery as the webhook's owner sees it. */
export interface DeliveryRecord {
  id: string;
  eventId: string;
  type: string;
  status: WebhookDeliveryStatus;
  attempts: number;
  nextAttemptAt: Date | null;
  responseStatus: number | null;
  error: string | null;
  createdAt: Date;
  finishedAt: Date | null;
}

/** A delivery that was taken for one try. */
export interface ClaimedDelivery {
  id: string;
  webhookId: string;
  subjectId: string | null;
  /** The number of this try; whoever settles the delivery must still hold it. */
  attempts: number;
  payload: WebhookPayload;
  url: string;
  wrappedDek: Buffer;
  kekId: string;
  /** Whether the webhook is enabled, and its owner still somebody who may have one. */
  active: boolean;
}

export interface DueDelivery {
  id: string;
  attempts: number;
}

/** What a try has brought. */
export interface Outcome {
  responseStatus: number | null;
  error: string | null;
}

const COLUMNS = `id, event_id AS "eventId", payload->>'type' AS type, status, attempts,
  CASE WHEN status = 'pending' THEN next_attempt_at END AS "nextAttemptAt", response_status AS "responseStatus", error,
  created_at AS "createdAt", finished_at AS "finishedAt"`;

/** Nothing that happened earlier to the same thing is still to be delivered. */
const FIRST_IN_LINE = `NOT EXISTS (
    SELECT FROM webhook_deliveries earlier
    WHERE earlier.webhook_id = delivery.webhook_id AND earlier.subject_id = delivery.subject_id
      AND earlier.position < delivery.position AND earlier.status = 'pending')`;

/** What webhooks are owed. `attempts` fences: who has lost a delivery to a later try can change nothing any more. */
@Injectable()
export class WebhookDeliveryRepository {
  constructor(private readonly database: Database) {}

  /** Adds a delivery, unless the webhook is owed the event already. */
  async insert({ id, webhookId, subjectId, position, payload }: NewDelivery, tx?: Tx): Promise<void> {
    await this.database.query(
      `INSERT INTO webhook_deliveries (id, webhook_id, event_id, position, subject_id, payload)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (webhook_id, event_id) DO NOTHING`,
      [id, webhookId, payload.id, position, subjectId, JSON.stringify(payload)],
      tx,
    );
  }

  /** Takes a delivery that is due, and first in its line, for one try. Until `leaseSeconds` have passed nobody else gets it. */
  async claim(id: string, attempt: number, leaseSeconds: number): Promise<ClaimedDelivery | null> {
    const [claimed] = await this.database.query<ClaimedDelivery>(
      `UPDATE webhook_deliveries delivery
       SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => $3)
       FROM webhooks webhook LEFT JOIN users owner ON owner.id = webhook.owner_id
       WHERE delivery.id = $1 AND delivery.attempts = $2 AND delivery.status = 'pending'
         AND delivery.next_attempt_at <= now() AND webhook.id = delivery.webhook_id AND ${FIRST_IN_LINE}
       RETURNING delivery.id, delivery.webhook_id AS "webhookId", delivery.subject_id AS "subjectId", delivery.attempts,
         delivery.payload, webhook.url, webhook.wrapped_dek AS "wrappedDek", webhook.kek_id AS "kekId",
         coalesce(webhook.disabled_at IS NULL AND owner.disabled_at IS NULL AND owner.role IN ('ops', 'admin'), false) AS active`,
      [id, attempt, leaseSeconds],
    );
    return claimed ?? null;
  }

  async settle(
    { id, attempts }: DueDelivery,
    status: Exclude<WebhookDeliveryStatus, 'pending'>,
    { responseStatus, error }: Outcome,
  ): Promise<void> {
    await this.database.query(
      `UPDATE webhook_deliveries SET status = $3, response_status = $4, error = $5, finished_at = now()
       WHERE id = $1 AND attempts = $2 AND status = 'pending'`,
      [id, attempts, status, responseStatus, error],
    );
  }

  /** Leaves a delivery for another try, in so many seconds. */
  async postpone(
    { id, attempts }: DueDelivery,
    seconds: number,
    { responseStatus, error }: Outcome,
  ): Promise<void> {
    await this.database.query(
      `UPDATE webhook_deliveries SET next_attempt_at = now() + make_interval(secs => $3), response_status = $4, error = $5
       WHERE id = $1 AND attempts = $2 AND status = 'pending'`,
      [id, attempts, seconds, responseStatus, error],
    );
  }

  /** Nobody wants what this webhook is still owed. */
  async cancelAll(webhookId: string): Promise<void> {
    await this.database.query(
      `UPDATE webhook_deliveries SET status = 'cancelled', finished_at = now() WHERE webhook_id = $1 AND status = 'pending'`,
      [webhookId],
    );
  }

  /** Who is next where a delivery was the first in line. */
  async nextInLine({
    webhookId,
    subjectId,
  }: Pick<ClaimedDelivery, 'webhookId' | 'subjectId'>): Promise<DueDelivery | null> {
    const [next] = await this.database.query<DueDelivery>(
      `SELECT id, attempts FROM webhook_deliveries
       WHERE webhook_id = $1 AND subject_id = $2 AND status = 'pending' ORDER BY position LIMIT 1`,
      [webhookId, subjectId],
    );
    return next ?? null;
  }

  /** Deliveries whose time has come and whose line is free, the longest overdue first. */
  async findDue(limit: number): Promise<DueDelivery[]> {
    return this.database.query<DueDelivery>(
      `SELECT id, attempts FROM webhook_deliveries delivery
       WHERE status = 'pending' AND next_attempt_at <= now() AND ${FIRST_IN_LINE} ORDER BY next_attempt_at LIMIT $1`,
      [limit],
    );
  }

  /** The newest first, from behind `before` on. */
  async page(
    webhookId: string,
    { before, limit, status }: { before: string | null; limit: number; status?: WebhookDeliveryStatus },
  ): Promise<DeliveryRecord[]> {
    return this.database.query<DeliveryRecord>(
      `SELECT ${COLUMNS} FROM webhook_deliveries
       WHERE webhook_id = $1 AND ($2::uuid IS NULL OR id < $2) AND ($3::text IS NULL OR status = $3)
       ORDER BY id DESC LIMIT $4`,
      [webhookId, before, status ?? null, limit],
    );
  }

  async find(webhookId: string, id: string): Promise<DeliveryRecord | null> {
    const [row] = await this.database.query<DeliveryRecord>(
      `SELECT ${COLUMNS} FROM webhook_deliveries WHERE id = $1 AND webhook_id = $2`,
      [id, webhookId],
    );
    return row ?? null;
  }

  /** Asks for a delivery once more, from the first try on; what waits for a try is tried now. Null where there is none. */
  async renew(webhookId: string, id: string): Promise<DeliveryRecord | null> {
    const [row] = await this.database.query<DeliveryRecord>(
      `UPDATE webhook_deliveries SET status = 'pending', finished_at = NULL, next_attempt_at = now(),
         attempts = CASE WHEN status = 'pending' THEN attempts ELSE 0 END
       WHERE id = $1 AND webhook_id = $2 RETURNING ${COLUMNS}`,
      [id, webhookId],
    );
    return row ?? null;
  }

  /** Forgets some of what ended before; tells how many. */
  async forget(before: Date, limit: number): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM webhook_deliveries WHERE id IN (
         SELECT id FROM webhook_deliveries WHERE finished_at < $1 ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [before, limit],
    );
    return rows.length;
  }
}
