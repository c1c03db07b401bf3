import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { atLeast } from './at-least';
import { invalidToken } from './auth.errors';
import { OneTimeTokens } from './one-time-tokens';
import { UserRepository } from './user.repository';

const LIFETIME_SECONDS = 24 * 60 * 60;
/** Some times what asking again costs. */
const RESEND_MS = 100;

/** Proves that an address belongs to whoever signed up with it. */
@Injectable()
export class ConfirmationService {
  constructor(
    private readonly database: Database,
    private readonly users: UserRepository,
    private readonly tokens: OneTimeTokens,
    private readonly outbox: Outbox,
  ) {}

  /** Asks for a confirmation by mail, within the caller's transaction, which holds the user's lock. */
  async request(tx: Tx, userId: string): Promise<void> {
    const tokenId = await this.tokens.issue(tx, userId, 'confirm', LIFETIME_SECONDS);
    await this.outbox.append(tx, {
      type: 'user.confirmation_requested',
      actorId: userId,
      ownerId: userId,
      subjectId: userId,
      data: { userId, tokenId },
    });
  }

  /**
   * Sends another link, and ends the older ones; does nothing where nothing is to be confirmed. Takes as long for the
   * one as for the other.
   */
  async resend(email: string): Promise<void> {
    await atLeast(RESEND_MS, () =>
      this.database.transaction(async (tx) => {
        const account = await this.users.lockByEmail(tx, email);
        if (account && !account.emailVerified && !account.disabled) await this.request(tx, account.id);
      }),
    );
  }

  /** Confirms the address that the token was sent to; `INVALID_TOKEN` for every other token, whatever is wrong with it. */
  async confirm(token: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const userId = await this.tokens.spend(tx, token, 'confirm');
      if (userId === null || !(await this.users.markVerified(tx, userId))) {
        throw invalidToken();
      }
      await this.outbox.append(tx, {
        type: 'user.email_verified',
        actorId: userId,
        ownerId: userId,
        subjectId: userId,
        data: { userId },
      });
    });
  }
}
