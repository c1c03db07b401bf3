import { Injectable } from '@nestjs/common';
import { deriveKey, isCanonicalBase64url, openBox, sealBox } from '@waybill/core/crypto';
import { AppError, isAppError, type UserPrincipal } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { LoginService } from './login.service';
import { Principals } from './principals';
import type { SessionRef } from './session.repository';
import { SessionsService } from './sessions.service';

/** How long an admin who has signed in with a browser stays so; there is no way to prolong it. */
export const ADMIN_SESSION_SECONDS = 60 * 60;

const CONTEXT = 'waybill:admin-session:v1';
const LONGEST_TOKEN = 400;

/**
 * Sessions of admins in a browser, which on its way to a page can show a cookie and no bearer token. What the cookie
 * holds is sealed under a key of its own and names a session: it is no access token, nor the other way round. Session and
 * role are asked for with each use, so that whoever is logged out, disabled or demoted anywhere is out here as well.
 */
@Injectable()
export class AdminSessions {
  readonly #key: Buffer;

  constructor(
    config: AppConfig,
    private readonly logins: LoginService,
    private readonly sessions: SessionsService,
    private readonly principals: Principals,
  ) {
    this.#key = deriveKey(config.secrets.jwt, 'admin-session');
  }

  /**
   * Starts one for an admin who knows his password.
   *
   * @throws AppError as logging in does; `FORBIDDEN` for a right password of somebody else, who gets no session.
   */
  async start(
    email: string,
    password: string,
    address: string,
  ): Promise<{ token: string; session: SessionRef }> {
    const account = await this.logins.authenticate(email, password, address);
    if (account.role !== 'admin') throw new AppError('FORBIDDEN', 'This page is for admins.');
    const session = await this.sessions.startBounded(account, ADMIN_SESSION_SECONDS);
    const content = Buffer.from(JSON.stringify([session.sessionId, session.userId]));
    return { token: sealBox(this.#key, content, CONTEXT).toString('base64url'), session };
  }

  /** The admin who holds a token; null for what is none, is over, or is not an admin's any more. */
  async find(token: string): Promise<UserPrincipal | null> {
    const session = this.#sessionIn(token);
    const principal = session && (await this.principals.bySession(session));
    return principal?.role === 'admin' ? principal : null;
  }

  /** Ends the session of a token; what is no token does no harm. */
  async end(token: string): Promise<void> {
    const session = this.#sessionIn(token);
    if (session !== null) await this.sessions.endSession(session);
  }

  #sessionIn(token: string): SessionRef | null {
    if (token.length > LONGEST_TOKEN || !isCanonicalBase64url(token)) return null;
    try {
      const content = openBox(this.#key, Buffer.from(token, 'base64url'), CONTEXT).toString('utf8');
      const [sessionId, userId] = JSON.parse(content) as [string, string];
      return { sessionId, userId };
    } catch (error) {
      if (isAppError(error, 'INTEGRITY_FAILURE')) return null;
      throw error;
    }
  }
}
