import { Injectable } from '@nestjs/common';
import type { Role } from '@waybill/core/kernel';
import { Database, type Tx } from '@waybill/platform/database';
import type { Account } from './user.repository';

/** An account as an admin sees it. */
export interface AdministeredAccount extends Account {
  /** Bytes; null is what is configured for everybody. */
  quotaBytes: number | null;
  usedBytes: number;
  createdAt: Date;
}

/** What an admin can change of an account. */
export interface AccountSettings {
  role: Role;
  disabled: boolean;
  fullName: string | null;
  quotaBytes: number | null;
}

const SELECT = `SELECT u.id, u.email, u.full_name AS "fullName", u.role, u.email_verified_at IS NOT NULL AS "emailVerified",
    u.disabled_at IS NOT NULL AS disabled, u.quota_bytes AS "quotaBytes", coalesce(usage.used_bytes, 0) AS "usedBytes",
    u.created_at AS "createdAt"
  FROM users u LEFT JOIN storage_usage usage ON usage.user_id = u.id`;

/** The statements of user administration. Tombstones are nobody. */
@Injectable()
export class UserAdministrationRepository {
  constructor(private readonly database: Database) {}

  async find(id: string, tx?: Tx): Promise<AdministeredAccount | null> {
    const [account] = await this.database.query<AdministeredAccount>(
      `${SELECT} WHERE u.id = $1 AND u.deleted_at IS NULL`,
      [id],
      tx,
    );
    return account ?? null;
  }

  /** Accounts, the newest first, from before `beforeId` on. */
  async list(role: Role | null, beforeId: string | null, limit: number): Promise<AdministeredAccount[]> {
    return this.database.query<AdministeredAccount>(
      `${SELECT} WHERE u.deleted_at IS NULL AND u.role = coalesce($1, u.role) AND ($2::uuid IS NULL OR u.id < $2::uuid)
       ORDER BY u.id DESC LIMIT $3`,
      [role, beforeId, limit],
    );
  }

  /**
   * The admins who can act, locked until `tx` ends: changes of accounts happen one after the other, so that two admins
   * cannot remove each other.
   */
  async lockActiveAdmins(tx: Tx): Promise<string[]> {
    const admins = await this.database.query<{ id: string }>(
      `SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL AND email_verified_at IS NOT NULL
       ORDER BY id FOR NO KEY UPDATE`,
      [],
      tx,
    );
    return admins.map(({ id }) => id);
  }

  async update(tx: Tx, id: string, to: AccountSettings): Promise<void> {
    await this.database.query(
      `UPDATE users SET role = $2, full_name = $3, quota_bytes = $4, updated_at = now(),
                        disabled_at = CASE WHEN $5::boolean THEN coalesce(disabled_at, now()) END
       WHERE id = $1 AND deleted_at IS NULL`,
      [id, to.role, to.fullName, to.quotaBytes, to.disabled],
      tx,
    );
  }

  /**
   * Makes an account a tombstone: nobody can log in, its address is free, nothing of the person is left. The id stays
   * until what the account owned is gone, because that is what its removal goes by.
   */
  async entomb(tx: Tx, id: string): Promise<void> {
    await this.database.query(
      `UPDATE users SET deleted_at = now(), disabled_at = coalesce(disabled_at, now()), updated_at = now(),
                        email = id::text, full_name = NULL, password_hash = '', email_verified_at = NULL
       WHERE id = $1 AND deleted_at IS NULL`,
      [id],
      tx,
    );
    await this.database.query('DELETE FROM sessions WHERE user_id = $1', [id], tx);
    await this.database.query('DELETE FROM one_time_tokens WHERE user_id = $1', [id], tx);
    await this.database.query('DELETE FROM api_keys WHERE user_id = $1', [id], tx);
  }

  /** Forgets tombstones that own nothing any more; at most `limit`. */
  async forgetTombstones(limit: number): Promise<number> {
    const gone = await this.database.query<{ id: string }>(
      `DELETE FROM users WHERE id IN (
         SELECT id FROM users u WHERE deleted_at IS NOT NULL
           AND NOT EXISTS (SELECT FROM files WHERE owner_id = u.id)
           AND NOT EXISTS (SELECT FROM uploads WHERE owner_id = u.id AND wrapped_dek IS NOT NULL)
         ORDER BY deleted_at LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [limit],
    );
    await this.database.query('DELETE FROM storage_usage WHERE user_id = ANY($1::uuid[])', [
      gone.map(({ id }) => id),
    ]);
    return gone.length;
  }
}
