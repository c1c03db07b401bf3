import { Injectable } from '@nestjs/common';
import { Database, fromNow, type Tx } from '@waybill/platform/database';
import type { IdempotencyState } from './idempotency-key.entity';
import type { KeyedRequest } from './keyed-request';

/** How long an answer is kept. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** A key as one request holds it. */
export interface Holding {
  scope: string;
  keyHash: Buffer;
  holder: string;
}

/** What an earlier request with the key, which died, has made. */
export interface Made {
  subject: string;
  fingerprint: Buffer;
}

export interface KnownKey {
  state: IdempotencyState;
  operation: Buffer;
  fingerprint: Buffer | null;
  answer: Buffer | null;
}

/** A row that is no longer what it says: expired, or its holder has died. */
const FREE = `(k.expires_at < now() AND k.state = 'done' OR k.lease_until < now() AND k.state = 'in_progress')`;
/** Its holder died after it had made something, so the request must not be carried out again. */
const MADE = `(k.state = 'in_progress' AND k.subject IS NOT NULL AND k.expires_at > now())`;

/** The rows of keys; each change is one guarded statement. */
@Injectable()
export class IdempotencyKeyRepository {
  constructor(private readonly database: Database) {}

  /** Takes a key that is free; null when it is not. */
  async take(
    request: KeyedRequest,
    holder: string,
    fingerprint: Buffer | null,
    leaseMs: number,
  ): Promise<{ made: Made | null } | null> {
    const [row] = await this.database.query<{ subject: string | null; fingerprint: Buffer }>(
      `INSERT INTO idempotency_keys AS k
         (scope, key_hash, operation, fingerprint, state, holder, lease_until, expires_at)
       VALUES ($1, $2, $3, $4, 'in_progress', $5, ${fromNow(6)}, ${fromNow(7)})
       ON CONFLICT (scope, key_hash) DO UPDATE SET
         operation = excluded.operation,
         fingerprint = CASE WHEN ${MADE} THEN k.fingerprint ELSE excluded.fingerprint END,
         subject = CASE WHEN ${MADE} THEN k.subject END,
         state = 'in_progress', holder = excluded.holder, answer = NULL, created_at = now(),
         lease_until = excluded.lease_until, expires_at = excluded.expires_at
       WHERE ${FREE} AND (NOT ${MADE} OR k.operation = excluded.operation)
       RETURNING subject, fingerprint`,
      [request.scope, request.keyHash, request.operation, fingerprint, holder, leaseMs, KEPT_MS],
    );
    if (row === undefined) return null;
    const { subject } = row;
    return { made: subject === null ? null : { subject, fingerprint: row.fingerprint } };
  }

  async find({ scope, keyHash }: KeyedRequest): Promise<KnownKey | null> {
    const [row] = await this.database.query<KnownKey>(
      `SELECT state, operation, fingerprint, answer FROM idempotency_keys WHERE scope = $1 AND key_hash = $2`,
      [scope, keyHash],
    );
    return row ?? null;
  }

  /** Tells that the holder lives. */
  async renew(holding: Holding, leaseMs: number): Promise<void> {
    await this.change(holding, `lease_until = ${fromNow(4)}`, [leaseMs]);
  }

  /** Notes what was made; false when the key was taken over. */
  async mark(holding: Holding, made: Made, tx: Tx): Promise<boolean> {
    return this.change(holding, 'subject = $4, fingerprint = $5', [made.subject, made.fingerprint], tx);
  }

  /** Keeps the answer; false when the key was taken over. */
  async keep(holding: Holding, fingerprint: Buffer, answer: Buffer): Promise<boolean> {
    return this.change(holding, `state = 'done', fingerprint = $4, answer = $5, expires_at = ${fromNow(6)}`, [
      fingerprint,
      answer,
      KEPT_MS,
    ]);
  }

  /** Frees the key at once. Where something was made its row stays, for the next request to find out. */
  async release(holding: Holding): Promise<void> {
    const deleted = await this.database.query(
      `DELETE FROM idempotency_keys
       WHERE scope = $1 AND key_hash = $2 AND holder = $3 AND state = 'in_progress' AND subject IS NULL
       RETURNING 1`,
      [holding.scope, holding.keyHash, holding.holder],
    );
    if (deleted.length === 0) await this.change(holding, `lease_until = '-infinity'`, []);
  }

  /** Removes keys whose time is over, at most `limit`, and tells how many that were. */
  async purge(limit: number): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM idempotency_keys WHERE (scope, key_hash) IN (
         SELECT scope, key_hash FROM idempotency_keys k
         WHERE k.expires_at < now() AND ${FREE} LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING 1`,
      [limit],
    );
    return rows.length;
  }

  private async change(
    { scope, keyHash, holder }: Holding,
    set: string,
    values: unknown[],
    tx?: Tx,
  ): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE idempotency_keys SET ${set}
       WHERE scope = $1 AND key_hash = $2 AND holder = $3 AND state = 'in_progress' RETURNING 1`,
      [scope, keyHash, holder, ...values],
      tx,
    );
    return rows.length > 0;
  }
}
