import { Injectable } from '@nestjs/common';
import { hashToken } from '@waybill/core/crypto';
import { AppError, uuidv7, type Principal, type Role } from '@waybill/core/kernel';
import { Database } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { emailTaken, invalidToken } from './auth.errors';
import { InvitationLinks } from './invitation-links';
import { mayInvite } from './invitation.policy';
import { InvitationRepository } from './invitation.repository';
import { requireAcceptablePassword } from './new-password';
import { PasswordHasher } from '@waybill/platform/passwords';
import { UserRepository, type Account } from './user.repository';

const LIFETIME_SECONDS = 7 * 24 * 60 * 60;

export interface Invited {
  id: string;
  email: string;
  role: Role;
  expiresAt: Date;
}

/** Accounts by invitation: the way to a role beyond `client`, and the only way in where signing up is closed. */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly database: Database,
    private readonly users: UserRepository,
    private readonly invitations: InvitationRepository,
    private readonly links: InvitationLinks,
    private readonly hasher: PasswordHasher,
    private readonly outbox: Outbox,
  ) {}

  /** Offers an account, and has the offer mailed. `FORBIDDEN` for a role that is not his to give; `EMAIL_TAKEN`. */
  async invite(principal: Principal, email: string, role: Role): Promise<Invited> {
    if (!mayInvite(principal.role, role)) {
      throw new AppError('FORBIDDEN', 'Your role may invite clients only.');
    }
    if ((await this.users.findByEmail(email)) !== null) throw emailTaken();
    const id = uuidv7();
    const expiresAt = await this.database.transaction(async (tx) => {
      const ends = await this.invitations.insert(tx, {
        id,
        email,
        role,
        invitedBy: principal.userId,
        tokenHash: hashToken(this.links.tokenOf(id)),
        lifetimeSeconds: LIFETIME_SECONDS,
      });
      await this.outbox.append(tx, {
        type: 'user.invited',
        actorId: principal.userId,
        ownerId: principal.userId,
        subjectId: id,
        data: { invitationId: id, role },
      });
      return ends;
    });
    return { id, email, role, expiresAt };
  }

  /**
   * Makes the account that was offered; its address counts as confirmed, since the offer was mailed to it.
   * `INVALID_TOKEN`, also when whoever invited could not any more; `EMAIL_TAKEN`; `VALIDATION_FAILED`.
   */
  async accept(token: string, password: string, fullName: string | null): Promise<Account> {
    requireAcceptablePassword(password);
    const tokenHash = hashToken(token);
    // Asked before hashing, which is dear; of several at once, taking it lets one through.
    if (!(await this.invitations.isLive(tokenHash))) throw invalidToken();
    const passwordHash = await this.hasher.hash(password);
    const id = uuidv7();
    return this.database.transaction(async (tx) => {
      const offer = await this.invitations.accept(tx, tokenHash);
      if (offer === null) throw invalidToken();
      const account = { id, ...offer, fullName, emailVerified: true };
      if (!(await this.users.insert(tx, { ...account, passwordHash }))) throw emailTaken();
      await this.outbox.append(tx, {
        type: 'user.created',
        actorId: id,
        ownerId: id,
        subjectId: id,
        data: { userId: id, role: offer.role },
      });
      return { ...account, disabled: false };
    });
  }
}
