import { Injectable } from '@nestjs/common';
import type { Scope, UserPrincipal } from '@waybill/core/kernel';
import { Database, type Tx } from '@waybill/platform/database';

/** An API key as its owner sees it. */
export interface ApiKeyRecord {
  id: string;
  name: string;
  scopes: Scope[];
  createdAt: Date;
  expiresAt: Date;
  lastUsedAt: Date | null;
}

export interface NewApiKey {
  id: string;
  userId: string;
  name: string;
  scopes: Scope[];
  keyHash: Buffer;
  expiresAt: Date;
}

/** What one query tells of a key that is good right now. */
export interface LiveApiKey extends Pick<UserPrincipal, 'userId' | 'role' | 'email' | 'emailVerified'> {
  id: string;
  scopes: Scope[];
  /** Whether its last use is to be noted: at most once a minute, so that reading does not become writing. */
  stale: boolean;
}

const RECORD = `id, name, scopes, created_at AS "createdAt", expires_at AS "expiresAt", last_used_at AS "lastUsedAt"`;

/** API keys. What was revoked, disabled or demoted counts with the next statement; time is the database's. */
@Injectable()
export class ApiKeyRepository {
  constructor(private readonly database: Database) {}

  async insert(tx: Tx, key: NewApiKey): Promise<ApiKeyRecord> {
    const [added] = await this.database.query<ApiKeyRecord>(
      `INSERT INTO api_keys (id, user_id, name, scopes, key_hash, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
       RETURNING ${RECORD}`,
      [key.id, key.userId, key.name, key.scopes, key.keyHash, key.expiresAt],
      tx,
    );
    return added!;
  }

  /** The key and its owner, if both are good. */
  async findLive(keyHash: Buffer): Promise<LiveApiKey | null> {
    const [live] = await this.database.query<LiveApiKey>(
      `SELECT k.id, k.scopes, u.id AS "userId", u.role, u.email, u.email_verified_at IS NOT NULL AS "emailVerified",
              coalesce(k.last_used_at < now() - interval '1 minute', true) AS stale
       FROM api_keys k JOIN users u ON u.id = k.user_id
       WHERE k.key_hash = $1 AND k.expires_at > now() AND u.disabled_at IS NULL`,
      [keyHash],
    );
    return live ?? null;
  }

  /** Which of these keys are good, and their owners. */
  async findAllLive(ids: readonly string[]): Promise<Omit<LiveApiKey, 'stale'>[]> {
    return this.database.query<Omit<LiveApiKey, 'stale'>>(
      `SELECT k.id, k.scopes, u.id AS "userId", u.role, u.email, u.email_verified_at IS NOT NULL AS "emailVerified"
       FROM api_keys k JOIN users u ON u.id = k.user_id
       WHERE k.id = ANY($1::uuid[]) AND k.expires_at > now() AND u.disabled_at IS NULL`,
      [ids],
    );
  }

  async noteUse(id: string): Promise<void> {
    await this.database.query('UPDATE api_keys SET last_used_at = now() WHERE id = $1', [id]);
  }

  /** Keys of a user, the newest first, from before `beforeId` on. Expired ones are among them until they are swept. */
  async list(userId: string, beforeId: string | null, limit: number): Promise<ApiKeyRecord[]> {
    return this.database.query<ApiKeyRecord>(
      `SELECT ${RECORD} FROM api_keys WHERE user_id = $1 AND ($2::uuid IS NULL OR id < $2::uuid)
       ORDER BY id DESC LIMIT $3`,
      [userId, beforeId, limit],
    );
  }

  /** Removes a key; false where the user has none of that id. */
  async delete(tx: Tx, userId: string, id: string): Promise<boolean> {
    const gone = await this.database.query(
      'DELETE FROM api_keys WHERE id = $1 AND user_id = $2 RETURNING id',
      [id, userId],
      tx,
    );
    return gone.length === 1;
  }

  /** Removes all keys of a user. */
  async deleteAll(tx: Tx, userId: string): Promise<void> {
    await this.database.query('DELETE FROM api_keys WHERE user_id = $1', [userId], tx);
  }

  async purgeExpired(limit: number): Promise<number> {
    const gone = await this.database.query(
      `DELETE FROM api_keys WHERE id IN (SELECT id FROM api_keys WHERE expires_at < now() LIMIT $1) RETURNING 1`,
      [limit],
    );
    return gone.length;
  }
}
