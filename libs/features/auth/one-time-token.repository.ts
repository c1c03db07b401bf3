import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@waybill/platform/database';
import type { OneTimePurpose } from './one-time-token.entity';

/** The rows behind the tokens that mails carry. Time is the database's, so that all instances agree on it. */
@Injectable()
export class OneTimeTokenRepository {
  constructor(private readonly database: Database) {}

  /** Adds a token and ends every unused one of the same user and purpose. The caller holds the user's lock. */
  async replace(
    tx: Tx,
    token: {
      id: string;
      userId: string;
      purpose: OneTimePurpose;
      tokenHash: Buffer;
      lifetimeSeconds: number;
    },
  ): Promise<void> {
    await this.database.query(
      'DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL',
      [token.userId, token.purpose],
      tx,
    );
    await this.database.query(
      `INSERT INTO one_time_tokens (id, user_id, purpose, token_hash, expires_at)
       VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))`,
      [token.id, token.userId, token.purpose, token.tokenHash, token.lifetimeSeconds],
      tx,
    );
  }

  /**
   * Uses a token up and tells whose it was; null where it is unknown, used, expired, or for something else. The user is
   * locked first, as whoever replaces his tokens does: in the other order the two would wait for each other.
   */
  async spend(tx: Tx, tokenHash: Buffer, purpose: OneTimePurpose): Promise<string | null> {
    await this.database.query(
      `SELECT id FROM users WHERE id = (SELECT user_id FROM one_time_tokens WHERE token_hash = $1 AND purpose = $2)
       FOR NO KEY UPDATE`,
      [tokenHash, purpose],
      tx,
    );
    const [spent] = await this.database.query<{ userId: string }>(
      `UPDATE one_time_tokens SET used_at = now()
       WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > now()
       RETURNING user_id AS "userId"`,
      [tokenHash, purpose],
      tx,
    );
    return spent?.userId ?? null;
  }

  /** Whose token this is, if it still works. */
  async ownerOfLive(tokenHash: Buffer, purpose: OneTimePurpose): Promise<string | null> {
    const [live] = await this.database.query<{ userId: string }>(
      `SELECT user_id AS "userId" FROM one_time_tokens
       WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > now()`,
      [tokenHash, purpose],
    );
    return live?.userId ?? null;
  }

  /** Ends every unused token of a user; of one purpose, or of all. */
  async end(tx: Tx, userId: string, purpose: OneTimePurpose | null): Promise<void> {
    await this.database.query(
      'DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = coalesce($2, purpose) AND used_at IS NULL',
      [userId, purpose],
      tx,
    );
  }

  /** When a token that still works stops working; null for one that does not. */
  async expiryOfLive(id: string, purpose: OneTimePurpose): Promise<Date | null> {
    const [live] = await this.database.query<{ expiresAt: Date }>(
      `SELECT expires_at AS "expiresAt" FROM one_time_tokens
       WHERE id = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > now()`,
      [id, purpose],
    );
    return live?.expiresAt ?? null;
  }
}
