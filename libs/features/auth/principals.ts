import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '@waybill/core/kernel';
import { PrincipalSource, type AccountPrincipal } from '@waybill/platform/http';
import { AccessTokens } from './access-tokens';
import { ApiKeys } from './api-keys.service';
import { bearerApiKey, bearerToken } from './bearer';
import { SessionRepository, type SessionRef } from './session.repository';
import { UserRepository } from './user.repository';

/** Who somebody is right now. Nothing is cached: a revoked session or a changed role counts with the next request. */
@Injectable()
export class Principals extends PrincipalSource {
  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly sessions: SessionRepository,
    private readonly users: UserRepository,
    private readonly apiKeys: ApiKeys,
  ) {
    super();
  }

  /** Null when the session has ended, or its account is disabled. */
  async bySession(session: SessionRef): Promise<UserPrincipal | null> {
    const live = await this.sessions.findLive(session);
    return live && { kind: 'user', ...session, ...live };
  }

  async byRequest(request: IncomingMessage): Promise<UserPrincipal | null> {
    const apiKey = bearerApiKey(request);
    if (apiKey !== null) return this.apiKeys.principal(apiKey);
    const token = bearerToken(request);
    const session = token && (await this.accessTokens.verify(token));
    return session ? this.bySession(session) : null;
  }

  async byUserId(userId: string): Promise<AccountPrincipal | null> {
    const account = await this.users.findById(userId);
    if (account === null || account.disabled) return null;
    const { role, email, emailVerified } = account;
    return { kind: 'user', userId, role, email, emailVerified };
  }

  async renew(principals: readonly UserPrincipal[]): Promise<(UserPrincipal | null)[]> {
    const sessions = principals.flatMap(({ sessionId, userId }) =>
      sessionId ? [{ sessionId, userId }] : [],
    );
    const live = await this.sessions.findAllLive(sessions);
    const bySession = new Map(sessions.map(({ sessionId }, index) => [sessionId, live[index]]));
    const byKey = await this.apiKeys.renew(principals.flatMap(({ apiKey }) => (apiKey ? [apiKey.id] : [])));
    return principals.map((principal) => {
      if (principal.apiKey) return byKey.get(principal.apiKey.id) ?? null;
      const session = principal.sessionId && bySession.get(principal.sessionId);
      return session ? { ...principal, ...session } : null;
    });
  }
}
