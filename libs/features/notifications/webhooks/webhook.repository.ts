import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@waybill/platform/database';
import type { DisabledReason } from './webhook.entity';

/** A webhook as its owner sees it. */
export interface WebhookRecord {
  id: string;
  url: string;
  events: string[];
  disabledAt: Date | null;
  disabledReason: DisabledReason | null;
  createdAt: Date;
  updatedAt: Date;
}

export interface NewWebhook {
  id: string;
  ownerId: string;
  url: string;
  events: string[];
  wrappedDek: Buffer;
  kekId: string;
}

export interface WebhookChanges {
  url?: string;
  events?: string[];
  enabled?: boolean;
}

const COLUMNS = `id, url, events, disabled_at AS "disabledAt", disabled_reason AS "disabledReason",
  created_at AS "createdAt", updated_at AS "updatedAt"`;

/** Webhooks, each its owner's alone. */
@Injectable()
export class WebhookRepository {
  constructor(private readonly database: Database) {}

  /** Adds a webhook unless its owner has so many; null then. */
  async insert(webhook: NewWebhook, most: number): Promise<WebhookRecord | null> {
    return this.database.transaction(async (tx) => {
      // One at a time for each owner, or two that come at once could both be the last.
      await this.database.query(
        `SELECT pg_advisory_xact_lock(hashtextextended('waybill:webhooks:' || $1, 0))`,
        [webhook.ownerId],
        tx,
      );
      const [row] = await this.database.query<WebhookRecord>(
        `INSERT INTO webhooks (id, owner_id, url, events, wrapped_dek, kek_id)
         SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM webhooks WHERE owner_id = $2) < $7 RETURNING ${COLUMNS}`,
        [webhook.id, webhook.ownerId, webhook.url, webhook.events, webhook.wrappedDek, webhook.kekId, most],
        tx,
      );
      return row ?? null;
    });
  }

  async find(ownerId: string, id: string): Promise<WebhookRecord | null> {
    const [row] = await this.database.query<WebhookRecord>(
      `SELECT ${COLUMNS} FROM webhooks WHERE id = $1 AND owner_id = $2`,
      [id, ownerId],
    );
    return row ?? null;
  }

  /** The newest first, from behind `before` on. */
  async page(ownerId: string, before: string | null, limit: number): Promise<WebhookRecord[]> {
    return this.database.query<WebhookRecord>(
      `SELECT ${COLUMNS} FROM webhooks WHERE owner_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
      [ownerId, before, limit],
    );
  }

  async update(
    ownerId: string,
    id: string,
    { url, events, enabled }: WebhookChanges,
  ): Promise<WebhookRecord | null> {
    const [row] = await this.database.query<WebhookRecord>(
      `UPDATE webhooks SET url = coalesce($3, url), events = coalesce($4, events), updated_at = now(),
         disabled_at = CASE WHEN $5::boolean THEN NULL WHEN NOT $5 THEN coalesce(disabled_at, now()) ELSE disabled_at END,
         disabled_reason = CASE WHEN $5::boolean THEN NULL WHEN NOT $5 THEN coalesce(disabled_reason, 'owner') ELSE disabled_reason END
       WHERE id = $1 AND owner_id = $2 RETURNING ${COLUMNS}`,
      [id, ownerId, url ?? null, events ?? null, enabled ?? null],
    );
    return row ?? null;
  }

  /** Whether there was one. What it is owed goes with it. */
  async delete(ownerId: string, id: string): Promise<boolean> {
    const rows = await this.database.query(
      'DELETE FROM webhooks WHERE id = $1 AND owner_id = $2 RETURNING id',
      [id, ownerId],
    );
    return rows.length > 0;
  }

  /** The receiver wants no more. */
  async disable(id: string, reason: DisabledReason): Promise<void> {
    await this.database.query(
      `UPDATE webhooks SET disabled_at = now(), disabled_reason = $2, updated_at = now()
       WHERE id = $1 AND disabled_at IS NULL`,
      [id, reason],
    );
  }

  /** Of these owners, the webhooks that are to be told of things. */
  async ofOwners(
    tx: Tx,
    ownerIds: readonly string[],
  ): Promise<{ id: string; ownerId: string; events: string[] }[]> {
    return this.database.query(
      `SELECT id, owner_id AS "ownerId", events FROM webhooks
       WHERE owner_id = ANY($1::uuid[]) AND disabled_at IS NULL ORDER BY id`,
      [ownerIds],
      tx,
    );
  }
}
