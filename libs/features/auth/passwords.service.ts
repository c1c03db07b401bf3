import { Injectable } from '@nestjs/common';
import type { Principal } from '@waybill/core/kernel';
import { Database } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { RateLimiter } from '@waybill/platform/http';
import { ApiKeyRepository } from './api-key.repository';
import { atLeast } from './at-least';
import { invalidCredentials, invalidToken } from './auth.errors';
import { LoginThrottle } from './login-throttle';
import { requireAcceptablePassword } from './new-password';
import { OneTimeTokens } from './one-time-tokens';
import { PasswordHasher } from '@waybill/platform/passwords';
import { SessionRevocation } from './session-revocation';
import { UserRepository } from './user.repository';

const RESET_SECONDS = 60 * 60;
/** Some times what asking for a link costs. */
const FORGOT_MS = 100;
/** Mails for one address: beyond them nothing is sent, and the answer is the same. */
const MAILS = { name: 'reset-mails', points: 5, seconds: 60 * 60 };

/** Passwords after the first: forgotten ones, and those that their owners change. */
@Injectable()
export class PasswordsService {
  constructor(
    private readonly database: Database,
    private readonly users: UserRepository,
    private readonly tokens: OneTimeTokens,
    private readonly sessions: SessionRevocation,
    private readonly apiKeys: ApiKeyRepository,
    private readonly hasher: PasswordHasher,
    private readonly throttle: LoginThrottle,
    private readonly limiter: RateLimiter,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Mails a link to set another password, and ends the older ones; does nothing for an address without an account in
   * good standing. Takes as long for the one as for the other.
   */
  async forgot(email: string): Promise<void> {
    await atLeast(FORGOT_MS, async () => {
      const { exceeded } = await this.limiter.take(MAILS, email.toLowerCase());
      if (!exceeded) await this.request(email);
    });
  }

  /** Whether the link of a mail would be taken. */
  async mayReset(token: string): Promise<boolean> {
    return this.tokens.isLive(token, 'reset');
  }

  /**
   * Sets the password of the account that the token was mailed to. Whoever had got in is out again: sessions and API
   * keys end. `INVALID_TOKEN`, also for accounts that were disabled meanwhile; `VALIDATION_FAILED`.
   */
  async reset(token: string, password: string): Promise<void> {
    requireAcceptablePassword(password);
    // Asked before hashing, which is dear; of several at once, spending lets one through.
    if (!(await this.mayReset(token))) throw invalidToken();
    const passwordHash = await this.hasher.hash(password);
    await this.database.transaction(async (tx) => {
      const userId = await this.tokens.spend(tx, token, 'reset');
      if (userId === null || !(await this.users.setPassword(tx, userId, passwordHash))) throw invalidToken();
      await this.sessions.endAll(tx, userId, 'password');
      await this.apiKeys.deleteAll(tx, userId);
      await this.outbox.append(tx, { type: 'user.password_reset', ...about(userId) });
    });
  }

  /**
   * Changes the password of whoever is logged in, and ends his other sessions and any link to reset it. A wrong
   * current password counts like a failed login: `INVALID_CREDENTIALS`, `RATE_LIMITED`; `VALIDATION_FAILED`.
   *
   * @param address where the request comes from.
   */
  async change(principal: Principal, current: string, next: string, address: string): Promise<void> {
    const { userId, email, sessionId } = principal;
    requireAcceptablePassword(next, '/newPassword');
    const from = await this.prove(userId, email, current, address);
    const to = await this.hasher.hash(next);
    await this.database.transaction(async (tx) => {
      if (!(await this.users.changePassword(tx, userId, from, to))) throw invalidCredentials();
      await this.sessions.endAll(tx, userId, 'password', sessionId);
      await this.tokens.end(tx, userId, 'reset');
      await this.outbox.append(tx, { type: 'user.password_changed', ...about(userId) });
    });
  }

  private async request(email: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const account = await this.users.lockByEmail(tx, email);
      if (account === null || !account.emailVerified || account.disabled) return;
      const userId = account.id;
      const tokenId = await this.tokens.issue(tx, userId, 'reset', RESET_SECONDS);
      await this.outbox.append(tx, {
        type: 'user.password_reset_requested',
        actorId: null,
        ownerId: userId,
        subjectId: userId,
        data: { userId, tokenId },
      });
    });
  }

  /** The hash that the password was found right by. */
  private async prove(userId: string, email: string, password: string, address: string): Promise<string> {
    const { attempt, hash, right } = await this.hasher.trial('account', email, async (verify) => {
      const attempt = await this.throttle.begin(email, address);
      try {
        const hash = (await this.users.findWithPassword(userId))?.passwordHash ?? null;
        return { attempt, hash, right: await verify(hash, password) };
      } catch (error) {
        await attempt.forgive();
        throw error;
      }
    });
    if (hash === null || !right) throw attempt.refusal;
    await attempt.forgive();
    return hash;
  }
}

function about(userId: string) {
  return { actorId: userId, ownerId: userId, subjectId: userId, data: { userId } };
}
