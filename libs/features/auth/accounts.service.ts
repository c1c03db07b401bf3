import { Injectable } from '@nestjs/common';
import { AppError, uuidv7, type Role } from '@waybill/core/kernel';
import { Database } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { emailTaken } from './auth.errors';
import { isEmailAddress } from './email-address';
import { requireAcceptablePassword } from './new-password';
import { PasswordHasher } from '@waybill/platform/passwords';
import { UserRepository, type Account } from './user.repository';

export interface NewAccount {
  email: string;
  role: Role;
  password: string;
  fullName?: string | null;
  /** Whether the address counts as confirmed: whoever makes the account vouches for it. */
  verified: boolean;
}

/** Accounts, and making them on somebody's authority: the operator's, at the command line. */
@Injectable()
export class AccountsService {
  constructor(
    private readonly database: Database,
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
    private readonly outbox: Outbox,
  ) {}

  async findById(id: string): Promise<Account | null> {
    return this.users.findById(id);
  }

  /** Makes an account and tells its id. `VALIDATION_FAILED` for the address or the password, `EMAIL_TAKEN`. */
  async create({ email, role, password, fullName, verified }: NewAccount): Promise<{ id: string }> {
    if (!isEmailAddress(email)) {
      throw new AppError('VALIDATION_FAILED', 'That is no e-mail address.', {
        errors: [{ pointer: '/email', detail: 'must be an e-mail address' }],
      });
    }
    requireAcceptablePassword(password);
    const passwordHash = await this.hasher.hash(password);
    const id = uuidv7();
    await this.database.transaction(async (tx) => {
      const user = { id, email, fullName: fullName ?? null, role, passwordHash, emailVerified: verified };
      if (!(await this.users.insert(tx, user))) throw emailTaken();
      await this.outbox.append(tx, {
        type: 'user.created',
        actorId: null,
        ownerId: id,
        subjectId: id,
        data: { userId: id, role },
      });
    });
    return { id };
  }
}
