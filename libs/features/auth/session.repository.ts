import { Injectable } from '@nestjs/common';
import { Gathering, type Role } from '@waybill/core/kernel';
import { Database, prepared, type Tx } from '@waybill/platform/database';

/** The session that a refresh token belongs to. */
export interface SessionRef {
  sessionId: string;
  userId: string;
}

/** What one query tells of a session that is good right now. */
export interface LiveSession {
  role: Role;
  email: string;
  emailVerified: boolean;
}

const LIVE_SESSIONS = prepared(
  'live-sessions',
  `SELECT s.id AS "sessionId", u.id AS "userId", u.role, u.email, u.email_verified_at IS NOT NULL AS "emailVerified"
   FROM sessions s JOIN users u ON u.id = s.user_id
   WHERE s.id = ANY($1::uuid[]) AND s.revoked_at IS NULL AND s.expires_at > now() AND u.disabled_at IS NULL`,
);

/**
 * Sessions and their refresh tokens. Every question asks the database for the truth of this instant: what was revoked,
 * disabled or demoted anywhere counts here with the next statement. Time is the database's, so that instances agree.
 */
@Injectable()
export class SessionRepository {
  /** Requests that come at about the same time ask together. Two at a time: one that hangs must not keep everybody out. */
  private readonly asking = new Gathering((sessions: SessionRef[]) => this.findAllLive(sessions), 100, 2);

  constructor(private readonly database: Database) {}

  /**
   * Adds a session for whoever has proved that he knows the password behind `passwordHash`; false when that is not the
   * account's any more. The row's lock orders this with a change of password, which ends the sessions that it finds.
   */
  async insert(
    tx: Tx,
    session: {
      id: string;
      userId: string;
      passwordHash: string;
      refreshHash: Buffer;
      lifetimeSeconds: number;
    },
  ): Promise<boolean> {
    const added = await this.database.query(
      `WITH owner AS (
         SELECT id FROM users WHERE id = $2 AND password_hash = $5 AND disabled_at IS NULL FOR SHARE
       ), session AS (
         INSERT INTO sessions (id, user_id, expires_at) SELECT $1, id, now() + make_interval(secs => $4) FROM owner
         RETURNING id, expires_at
       )
       INSERT INTO refresh_tokens (token_hash, session_id, expires_at) SELECT $3, id, expires_at FROM session
       RETURNING session_id`,
      [session.id, session.userId, session.refreshHash, session.lifetimeSeconds, session.passwordHash],
      tx,
    );
    return added.length === 1;
  }

  /** The session's user, if session and account are good; the one query of every authenticated request. */
  async findLive(session: SessionRef): Promise<LiveSession | null> {
    return this.asking.ask(session);
  }

  /** The same for many at once, in their order. */
  async findAllLive(sessions: readonly SessionRef[]): Promise<(LiveSession | null)[]> {
    const live = await this.database.execute<LiveSession & SessionRef>(LIVE_SESSIONS, [
      sessions.map(({ sessionId }) => sessionId),
    ]);
    const found = new Map(
      live.map(({ sessionId, userId, ...session }) => [`${sessionId} ${userId}`, session]),
    );
    return sessions.map(({ sessionId, userId }) => found.get(`${sessionId} ${userId}`) ?? null);
  }

  /**
   * Trades an unused refresh token for its successor, in one statement: of several at once, the row's lock lets one
   * through, and the others find it used. Null where the token is not good.
   */
  async rotate(
    tx: Tx,
    spentHash: Buffer,
    successorHash: Buffer,
    lifetimeSeconds: number,
  ): Promise<SessionRef | null> {
    const [rotated] = await this.database.query<SessionRef>(
      `WITH spent AS (
         UPDATE refresh_tokens t SET used_at = now()
         FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE t.token_hash = $1 AND t.used_at IS NULL AND t.expires_at > now()
           AND s.id = t.session_id AND s.revoked_at IS NULL AND u.disabled_at IS NULL
         RETURNING s.id, s.user_id, now() + make_interval(secs => $3) AS expires_at
       ), successor AS (
         INSERT INTO refresh_tokens (token_hash, session_id, expires_at) SELECT $2, id, expires_at FROM spent
       ), prolonged AS (
         UPDATE sessions s SET expires_at = spent.expires_at FROM spent WHERE s.id = spent.id
       )
       SELECT id AS "sessionId", user_id AS "userId" FROM spent`,
      [spentHash, successorHash, lifetimeSeconds],
      tx,
    );
    return rotated ?? null;
  }

  /** Ends the session whose token this was if the token had been used before; tells which, when it was not ended yet. */
  async revokeReused(tx: Tx, tokenHash: Buffer): Promise<SessionRef | null> {
    const [revoked] = await this.database.query<SessionRef>(
      `UPDATE sessions s SET revoked_at = now(), revoked_reason = 'reuse'
       FROM refresh_tokens t
       WHERE t.token_hash = $1 AND t.used_at IS NOT NULL AND s.id = t.session_id AND s.revoked_at IS NULL
       RETURNING s.id AS "sessionId", s.user_id AS "userId"`,
      [tokenHash],
      tx,
    );
    return revoked ?? null;
  }

  /** The session of a refresh token in any state. */
  async findByToken(tx: Tx, tokenHash: Buffer): Promise<SessionRef | null> {
    const [found] = await this.database.query<SessionRef>(
      `SELECT s.id AS "sessionId", s.user_id AS "userId"
       FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.token_hash = $1`,
      [tokenHash],
      tx,
    );
    return found ?? null;
  }

  /** Ends a session; false where that happened before. */
  async revoke(tx: Tx, sessionId: string, reason: 'logout'): Promise<boolean> {
    const revoked = await this.database.query(
      'UPDATE sessions SET revoked_at = now(), revoked_reason = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id',
      [sessionId, reason],
      tx,
    );
    return revoked.length === 1;
  }

  /** Ends all sessions of a user but one, and tells which those were. */
  async revokeAll(
    tx: Tx,
    userId: string,
    reason: 'password' | 'disabled' | 'deleted',
    exceptId: string | null,
  ): Promise<SessionRef[]> {
    return this.database.query<SessionRef>(
      `UPDATE sessions SET revoked_at = now(), revoked_reason = $2
       WHERE user_id = $1 AND revoked_at IS NULL AND id IS DISTINCT FROM $3::uuid
       RETURNING id AS "sessionId", user_id AS "userId"`,
      [userId, reason, exceptId],
      tx,
    );
  }

  /** Removes what can neither be used nor be reused any more; at most `limit` rows of each kind. */
  async purgeExpired(limit: number): Promise<number> {
    const tokens = await this.database.query(
      `DELETE FROM refresh_tokens WHERE token_hash IN (
         SELECT token_hash FROM refresh_tokens WHERE expires_at < now() LIMIT $1) RETURNING 1`,
      [limit],
    );
    const sessions = await this.database.query(
      `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < now() LIMIT $1) RETURNING 1`,
      [limit],
    );
    return tokens.length + sessions.length;
  }
}
