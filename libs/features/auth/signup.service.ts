import { Injectable } from '@nestjs/common';
import { AppError, uuidv7 } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { Database } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { emailTaken } from './auth.errors';
import { ConfirmationService } from './confirmation.service';
import { requireAcceptablePassword } from './new-password';
import { PasswordHasher } from '@waybill/platform/passwords';
import { maySignUp } from './signup.policy';
import { UserRepository } from './user.repository';

export interface Signup {
  email: string;
  password: string;
  fullName: string | null;
}

/** Makes accounts for those who come by themselves: clients, unverified, whatever they say. */
@Injectable()
export class SignupService {
  constructor(
    private readonly config: AppConfig,
    private readonly database: Database,
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
    private readonly confirmations: ConfirmationService,
    private readonly outbox: Outbox,
  ) {}

  /** Makes the account and has its confirmation mailed; tells its id. `SIGNUP_CLOSED`, `EMAIL_TAKEN`. */
  async signUp({ email, password, fullName }: Signup): Promise<string> {
    if (!maySignUp(this.config.signup, email)) {
      throw new AppError('SIGNUP_CLOSED', 'Accounts for this address are made by invitation only.');
    }
    requireAcceptablePassword(password);
    // Asked before hashing, which is dear; the unique index has the last word.
    if ((await this.users.findByEmail(email)) !== null) throw emailTaken();

    const passwordHash = await this.hasher.hash(password);
    const id = uuidv7();
    await this.database.transaction(async (tx) => {
      const user = { id, email, fullName, role: 'client', passwordHash, emailVerified: false } as const;
      if (!(await this.users.insert(tx, user))) throw emailTaken();
      await this.outbox.append(tx, {
        type: 'user.signed_up',
        actorId: id,
        ownerId: id,
        subjectId: id,
        data: { userId: id },
      });
      await this.confirmations.request(tx, id);
    });
    return id;
  }
}
