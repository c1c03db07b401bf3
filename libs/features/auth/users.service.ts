import { Injectable } from '@nestjs/common';
import { AppError, type Page, type Role } from '@waybill/core/kernel';
import { Database, type Tx } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { CursorCodec } from '@waybill/platform/http';
import { ApiKeyRepository } from './api-key.repository';
import { OneTimeTokens } from './one-time-tokens';
import { SessionRevocation } from './session-revocation';
import {
  UserAdministrationRepository,
  type AccountSettings,
  type AdministeredAccount,
} from './user-administration.repository';
import { changedSettings, isActiveAdmin, withChange } from './user-administration.policy';

/** Accounts in the hands of admins. What is changed counts with the next request of whoever it is about. */
@Injectable()
export class UsersService {
  constructor(
    private readonly database: Database,
    private readonly users: UserAdministrationRepository,
    private readonly sessions: SessionRevocation,
    private readonly apiKeys: ApiKeyRepository,
    private readonly tokens: OneTimeTokens,
    private readonly cursors: CursorCodec,
    private readonly outbox: Outbox,
  ) {}

  /** @throws AppError `VALIDATION_FAILED` for a cursor of another list. */
  async page(query: { role?: Role; limit: number; cursor?: string }): Promise<Page<AdministeredAccount>> {
    const role = query.role ?? null;
    const scope = JSON.stringify(['users', role]);
    const before = query.cursor === undefined ? null : String(this.cursors.decode(scope, query.cursor)[0]);
    // One more than asked for tells whether there is a next page.
    const found = await this.users.list(role, before, query.limit + 1);
    const items = found.slice(0, query.limit);
    const more = found.length > items.length;
    return { items, nextCursor: more ? this.cursors.encode(scope, [items.at(-1)!.id]) : null };
  }

  /** `NOT_FOUND` for who is not there, or was deleted. */
  async find(id: string, tx?: Tx): Promise<AdministeredAccount> {
    const account = await this.users.find(id, tx);
    if (account === null) throw AppError.notFound();
    return account;
  }

  /**
   * Changes an account. Disabling ends its sessions, API keys and mailed links for good; its uploads stop with the
   * next part. `NOT_FOUND`; `CONFLICT` for what would leave nobody to administer; `FORBIDDEN` when the one who asks was
   * demoted meanwhile.
   *
   * @param require looks at the account as it is before the change, with nobody else changing it, and may throw.
   */
  async change(
    actorId: string,
    id: string,
    change: Partial<AccountSettings>,
    require: (account: AdministeredAccount) => void,
  ): Promise<AdministeredAccount> {
    return this.administer(actorId, id, async (tx, before, admins) => {
      require(before);
      const to = withChange(before, change);
      const changes = changedSettings(before, to);
      if (changes.length === 0) return before;
      if (!isActiveAdmin(to)) requireAnotherAdmin(admins, id);
      await this.users.update(tx, id, to);
      if (to.disabled && !before.disabled) await this.shutOut(tx, id);
      await this.announce(tx, actorId, id, before, to, changes);
      return this.find(id, tx);
    });
  }

  /**
   * Deletes an account: it and its credentials are gone at once, what it owned is removed by the next sweeps. Throws
   * like {@link change}.
   */
  async delete(actorId: string, id: string, require: (account: AdministeredAccount) => void): Promise<void> {
    await this.administer(actorId, id, async (tx, account, admins) => {
      require(account);
      requireAnotherAdmin(admins, id);
      await this.users.entomb(tx, id);
      await this.outbox.append(tx, { type: 'user.deleted', ...about(actorId, id) });
    });
  }

  private async administer<T>(
    actorId: string,
    id: string,
    work: (tx: Tx, account: AdministeredAccount, admins: string[]) => Promise<T>,
  ): Promise<T> {
    return this.database.transaction(async (tx) => {
      const admins = await this.users.lockActiveAdmins(tx);
      if (!admins.includes(actorId)) throw new AppError('FORBIDDEN', 'Your role may not do this any more.');
      return work(tx, await this.find(id, tx), admins);
    });
  }

  private async shutOut(tx: Tx, id: string): Promise<void> {
    await this.sessions.endAll(tx, id, 'disabled');
    await this.apiKeys.deleteAll(tx, id);
    await this.tokens.end(tx, id, null);
  }

  private async announce(
    tx: Tx,
    actorId: string,
    id: string,
    before: AccountSettings,
    to: AccountSettings,
    changes: string[],
  ): Promise<void> {
    const { data, ...event } = about(actorId, id);
    await this.outbox.append(tx, { type: 'user.updated', ...event, data: { ...data, changes } });
    if (to.disabled === before.disabled) return;
    await this.outbox.append(tx, { type: to.disabled ? 'user.disabled' : 'user.enabled', ...event, data });
  }
}

/** @param admins who can act now. */
function requireAnotherAdmin(admins: string[], id: string): void {
  if (admins.length === 1 && admins[0] === id) {
    throw new AppError('CONFLICT', 'This is the last admin. Make another one first.');
  }
}

function about(actorId: string, userId: string) {
  return { actorId, ownerId: userId, subjectId: userId, data: { userId } };
}
