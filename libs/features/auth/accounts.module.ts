import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PasswordsModule } from '@waybill/platform/passwords';
import { AccountDirectory } from './account-directory';
import { AccountsService } from './accounts.service';
import { ConfirmationLinks } from './confirmation-links';
import { ApiKey } from './api-key.entity';
import { ApiKeyRepository } from './api-key.repository';
import { CredentialSweeper } from './credential-sweeper';
import { Invitation } from './invitation.entity';
import { InvitationLinks } from './invitation-links';
import { InvitationRepository } from './invitation.repository';
import { LoginFailure } from './login-failure.entity';
import { LoginFailureRepository } from './login-failure.repository';
import { OneTimeToken } from './one-time-token.entity';
import { OneTimeTokenRepository } from './one-time-token.repository';
import { OneTimeTokens } from './one-time-tokens';
import { ResetLinks } from './reset-links';
import { RefreshToken, Session } from './session.entity';
import { SessionRepository } from './session.repository';
import { SessionRevocation } from './session-revocation';
import { User } from './user.entity';
import { UserAdministrationRepository } from './user-administration.repository';
import { UserRepository } from './user.repository';

/** Accounts without HTTP: for the worker, the command line, and `AuthModule`. */
@Module({
  imports: [
    PasswordsModule,
    TypeOrmModule.forFeature([User, Session, RefreshToken, OneTimeToken, ApiKey, Invitation, LoginFailure]),
  ],
  providers: [
    UserRepository,
    UserAdministrationRepository,
    SessionRepository,
    SessionRevocation,
    ApiKeyRepository,
    LoginFailureRepository,
    OneTimeTokenRepository,
    OneTimeTokens,
    AccountsService,
    AccountDirectory,
    ConfirmationLinks,
    ResetLinks,
    InvitationRepository,
    InvitationLinks,
    CredentialSweeper,
  ],
  exports: [
    UserRepository,
    UserAdministrationRepository,
    SessionRepository,
    SessionRevocation,
    ApiKeyRepository,
    LoginFailureRepository,
    OneTimeTokens,
    AccountsService,
    AccountDirectory,
    ConfirmationLinks,
    ResetLinks,
    InvitationRepository,
    InvitationLinks,
    CredentialSweeper,
  ],
})
export class AccountsModule {}
