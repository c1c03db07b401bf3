import { Injectable } from '@nestjs/common';
import { AppError } from '@waybill/core/kernel';
import { Database, type Tx } from '@waybill/platform/database';
import { chargeUsage } from './storage-usage-sql';

/** What users store, counted in the transactions that store and remove it. */
@Injectable()
export class StorageUsageService {
  constructor(private readonly database: Database) {}

  /**
   * Adds bytes to what a user stores. One guarded statement: the limit holds however many transactions race, because
   * each waits for the row and then looks at what the one before has committed.
   *
   * @param limit bytes that users may store who have no limit of their own; null is without limit.
   * @throws AppError `QUOTA_EXCEEDED`; nothing was added.
   */
  async charge(tx: Tx, userId: string, bytes: number, limit: number | null): Promise<void> {
    const rows = await this.database.query(
      `WITH due AS (
         SELECT $1::uuid AS user_id, $2::bigint AS bytes,
                coalesce((SELECT quota_bytes FROM users WHERE id = $1::uuid), $3::bigint) AS quota
       )
       ${chargeUsage('due')}`,
      [userId, bytes, limit],
      tx,
    );
    if (rows.length === 0) throw quotaExceeded();
  }

  /**
   * Whether so many bytes more would be within a user's limit now; nothing is added.
   *
   * @param limit as `charge` takes it.
   * @throws AppError `QUOTA_EXCEEDED`
   */
  async requireRoom(userId: string, bytes: number, limit: number | null): Promise<void> {
    const rows = await this.database.query(
      `SELECT 1 FROM users LEFT JOIN storage_usage usage ON usage.user_id = users.id
       WHERE users.id = $1 AND coalesce(usage.used_bytes, 0) + $2::bigint > coalesce(users.quota_bytes, $3::bigint)`,
      [userId, bytes, limit],
    );
    if (rows.length > 0) throw quotaExceeded();
  }

  /** Takes bytes off what a user stores, with the rows that counted them. */
  async release(tx: Tx, userId: string, bytes: number): Promise<void> {
    await this.database.query(
      'UPDATE storage_usage SET used_bytes = greatest(0, used_bytes - $2::bigint) WHERE user_id = $1',
      [userId, bytes],
      tx,
    );
  }
}

export function quotaExceeded(): AppError {
  return new AppError('QUOTA_EXCEEDED', 'There is no room left in your storage quota.');
}
