import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccountDirectory } from './account-directory';
import { AccountsService } from './accounts.service';
import { ConfirmationLinks } from './confirmation-links';
import { CredentialSweeper } from './credential-sweeper';
import { OneTimeToken } from './one-time-token.entity';
import { OneTimeTokenRepository } from './one-time-token.repository';
import { OneTimeTokens } from './one-time-tokens';
import { PasswordHasher } from './password-hasher';
import { RefreshToken, Session } from './session.entity';
import { SessionRepository } from './session.repository';
import { User } from './user.entity';
import { UserRepository } from './user.repository';

/** Accounts without HTTP: for the worker, the command line, and `AuthModule`. */
@Module({
  imports: [TypeOrmModule.forFeature([User, Session, RefreshToken, OneTimeToken])],
  providers: [
    UserRepository,
    SessionRepository,
    OneTimeTokenRepository,
    OneTimeTokens,
    PasswordHasher,
    AccountsService,
    AccountDirectory,
    ConfirmationLinks,
    CredentialSweeper,
  ],
  exports: [
    UserRepository,
    SessionRepository,
    OneTimeTokens,
    PasswordHasher,
    AccountsService,
    AccountDirectory,
    ConfirmationLinks,
    CredentialSweeper,
  ],
})
export class AccountsModule {}
