import { Injectable } from '@nestjs/common';
import { Database, fromNow, type Tx } from '@waybill/platform/database';
import { SEALABLE } from './sealable';
import type { WaitingUpload } from './sealing-requests';

/** The statements of sealing between claim (`SealingClaims`) and publication, and of what finds what stands still. */
@Injectable()
export class SealingRepository {
  constructor(private readonly database: Database) {}

  async renew(id: string, attempt: number, leaseMs: number): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE uploads SET lease_until = ${fromNow(3)}
       WHERE id = $1 AND attempt = $2 AND status = 'encrypting' RETURNING id`,
      [id, attempt, leaseMs],
    );
    return rows.length > 0;
  }

  /** Gives the upload back to be sealed later. `failed` counts against the attempts it has. */
  async postpone(tx: Tx, id: string, attempt: number, delayMs: number, failed: boolean): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE uploads SET status = 'received', failures = failures + $4, lease_until = NULL, updated_at = now(),
                          retry_at = ${fromNow(3)}
       WHERE id = $1 AND attempt = $2 AND status = 'encrypting' RETURNING id`,
      [id, attempt, delayMs, failed ? 1 : 0],
      tx,
    );
    return rows.length > 0;
  }

  /** Gives up by itself: the bytes stay in staging, a person may ask for another try. */
  async giveUp(tx: Tx, id: string, attempt: number): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE uploads SET status = 'failed', failure_code = 'SEALING_FAILED', failures = failures + 1,
                          lease_until = NULL, retry_at = NULL, updated_at = now()
       WHERE id = $1 AND attempt = $2 AND status = 'encrypting' RETURNING id`,
      [id, attempt],
      tx,
    );
    return rows.length > 0;
  }

  /** Takes up a sealing that was given up; null when there is none to take up. */
  async takeUp(tx: Tx, id: string): Promise<number | null> {
    const [row] = await this.database.query<{ attempt: number }>(
      `UPDATE uploads SET status = 'received', failure_code = NULL, failures = 0, deaths = 0, retry_at = NULL, updated_at = now()
       WHERE id = $1 AND status = 'failed' AND failure_code = 'SEALING_FAILED' AND wrapped_dek IS NOT NULL
       RETURNING attempt`,
      [id],
      tx,
    );
    return row?.attempt ?? null;
  }

  /** Uploads that are not over: how many in each status, and for how many seconds the oldest has stood there. */
  async backlog(): Promise<{ status: string; count: number; age: number }[]> {
    return this.database.query(
      `SELECT status, count(*)::int AS count, extract(epoch FROM now() - min(updated_at))::float8 AS age
       FROM uploads WHERE status IN ('uploading', 'received', 'encrypting') GROUP BY status`,
    );
  }

  /** Uploads that wait to be sealed, oldest first. */
  async due(limit: number): Promise<WaitingUpload[]> {
    return this.database.query<WaitingUpload>(
      `SELECT id AS "uploadId", attempt, offset_bytes AS bytes FROM uploads
       WHERE status IN ('received', 'encrypting') AND ${SEALABLE} ORDER BY updated_at LIMIT $1`,
      [limit],
    );
  }

  /**
   * Takes uploads whose request died between the last byte and the validation. They are the caller's for as long as the
   * lease, so that what cannot be validated is not tried again at every look.
   */
  async takeUnvalidated(limit: number, leaseMs: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `UPDATE uploads SET lease_until = ${fromNow(2)}
       WHERE id IN (
         SELECT id FROM uploads WHERE status = 'received' AND validated_at IS NULL AND lease_until < now()
         ORDER BY lease_until LIMIT $1 FOR UPDATE SKIP LOCKED
       ) RETURNING id`,
      [limit, leaseMs],
    );
    return rows.map((row) => row.id);
  }

  /** Uploads whose bytes came with one request that seems to be gone. They cannot be resumed. */
  async interrupted(limit: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM uploads WHERE status = 'uploading' AND door <> 'tus' AND lease_until < now() LIMIT $1`,
      [limit],
    );
    return rows.map((row) => row.id);
  }

  /** Resumable uploads that nobody has added to for so long. */
  async expired(limit: number, idleMs: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM uploads WHERE status = 'uploading' AND door = 'tus'
         AND updated_at < now() - $2 * interval '1 millisecond' AND (lease_until IS NULL OR lease_until < now())
       LIMIT $1`,
      [limit, idleMs],
    );
    return rows.map((row) => row.id);
  }

  /** Resumable uploads whose bytes are all there, and whose request died before it could say so. */
  async unreceived(limit: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM uploads WHERE status = 'uploading' AND door = 'tus' AND offset_bytes = total_bytes
         AND (lease_until IS NULL OR lease_until < now()) AND updated_at < now() - interval '1 second' LIMIT $1`,
      [limit],
    );
    return rows.map((row) => row.id);
  }
}
