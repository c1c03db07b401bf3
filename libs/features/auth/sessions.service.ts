import { Injectable } from '@nestjs/common';
import { hashToken, randomToken } from '@waybill/core/crypto';
import { uuidv7 } from '@waybill/core/kernel';
import { Database, type Tx } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { ACCESS_TOKEN_SECONDS } from './access-token.policy';
import { AccessTokens } from './access-tokens';
import { invalidCredentials, unauthenticated } from './auth.errors';
import { SessionRepository, type SessionRef } from './session.repository';
import type { AccountWithPassword } from './user.repository';

export interface TokenPair {
  accessToken: string;
  refreshToken: string;
  tokenType: 'Bearer';
  expiresIn: number;
}

const REFRESH_TOKEN_SECONDS = 30 * 24 * 60 * 60;
/** So that secret scanners, and people, can tell what they are looking at. */
const REFRESH_TOKEN_PREFIX = 'wbr_';

/**
 * Sessions: one for each login, each a family of refresh tokens of which the newest alone is good. A token that comes a
 * second time was stolen, or the thief's came first; nobody can tell, so the whole family ends (RFC 9700, 4.14.2).
 */
@Injectable()
export class SessionsService {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionRepository,
    private readonly accessTokens: AccessTokens,
    private readonly outbox: Outbox,
  ) {}

  /** Starts a session for whoever has just proved his password; `INVALID_CREDENTIALS` when it was changed meanwhile. */
  async start(account: AccountWithPassword): Promise<TokenPair> {
    const refreshToken = newRefreshToken();
    return this.pair(await this.open(account, refreshToken, REFRESH_TOKEN_SECONDS), refreshToken);
  }

  /** Starts a session that ends after that time: nobody gets the token that would renew it. */
  async startBounded(account: AccountWithPassword, lifetimeSeconds: number): Promise<SessionRef> {
    return this.open(account, newRefreshToken(), lifetimeSeconds);
  }

  private async open(
    { id: userId, passwordHash }: AccountWithPassword,
    refreshToken: string,
    lifetimeSeconds: number,
  ): Promise<SessionRef> {
    const session = { sessionId: uuidv7(), userId };
    await this.database.transaction(async (tx) => {
      const added = await this.sessions.insert(tx, {
        id: session.sessionId,
        userId,
        passwordHash,
        refreshHash: hashToken(refreshToken),
        lifetimeSeconds,
      });
      if (!added) throw invalidCredentials();
      await this.outbox.append(tx, { type: 'session.started', ...about(session) });
    });
    return session;
  }

  /** Trades a refresh token for a new pair. `UNAUTHENTICATED` for one that is not good; a reused one ends its session. */
  async refresh(refreshToken: string): Promise<TokenPair> {
    const spent = hashToken(refreshToken);
    const successor = newRefreshToken();
    const session = await this.database.transaction(async (tx) => {
      const rotated = await this.sessions.rotate(tx, spent, hashToken(successor), REFRESH_TOKEN_SECONDS);
      if (rotated !== null) return rotated;
      const revoked = await this.sessions.revokeReused(tx, spent);
      if (revoked !== null) {
        await this.outbox.append(tx, { type: 'session.reuse_detected', ...about(revoked) });
      }
      return null;
    });
    // Thrown here, after the commit: a refusal must not undo the revocation.
    if (session === null) throw unauthenticated();
    return this.pair(session, successor);
  }

  /** Ends the session of a refresh token, in whatever state it is. `UNAUTHENTICATED` for what never was one. */
  async end(refreshToken: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const session = await this.sessions.findByToken(tx, hashToken(refreshToken));
      if (session === null) throw unauthenticated();
      await this.revoke(tx, session);
    });
  }

  /** Ends a session that is known otherwise; once more does no harm. */
  async endSession(session: SessionRef): Promise<void> {
    await this.database.transaction((tx) => this.revoke(tx, session));
  }

  private async revoke(tx: Tx, session: SessionRef): Promise<void> {
    if (await this.sessions.revoke(tx, session.sessionId, 'logout')) {
      await this.outbox.append(tx, { type: 'session.ended', ...about(session) });
    }
  }

  private async pair(session: SessionRef, refreshToken: string): Promise<TokenPair> {
    const accessToken = await this.accessTokens.issue(session);
    return { accessToken, refreshToken, tokenType: 'Bearer', expiresIn: ACCESS_TOKEN_SECONDS };
  }
}

function newRefreshToken(): string {
  return REFRESH_TOKEN_PREFIX + randomToken();
}

/** The parts that all events of a session share. */
function about({ userId, sessionId }: SessionRef) {
  return { actorId: userId, ownerId: userId, subjectId: sessionId, data: { userId, sessionId } };
}
