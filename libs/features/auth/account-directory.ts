import { Injectable } from '@nestjs/common';
import { UserRepository } from './user.repository';

export interface Contact {
  email: string;
  fullName: string | null;
}

/** What other features may know of accounts: names to show, and addresses to write to. */
@Injectable()
export class AccountDirectory {
  constructor(private readonly users: UserRepository) {}

  /** Where to write to a user; null where there is none, or it is disabled. */
  async contact(userId: string): Promise<Contact | null> {
    const account = await this.users.findById(userId);
    return account && !account.disabled ? { email: account.email, fullName: account.fullName } : null;
  }

  /** User id → the name to show, null for whoever gave none. Unknown ids are absent. One query. */
  async displayNames(userIds: string[]): Promise<Map<string, string | null>> {
    if (userIds.length === 0) return new Map();
    const accounts = await this.users.findMany([...new Set(userIds)]);
    return new Map(accounts.map((account) => [account.id, account.fullName]));
  }
}
