import { Global, Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { AppConfig } from '@waybill/platform/config';
import { PrincipalSource } from '@waybill/platform/http';
import { AccessTokens, jwtOptions } from './access-tokens';
import { AdminSessions } from './admin-sessions';
import { AccountsModule } from './accounts.module';
import { ApiKeysController } from './api-keys.controller';
import { ApiKeys } from './api-keys.service';
import { AuthController } from './auth.controller';
import { ConfirmationController } from './confirmation.controller';
import { ConfirmationService } from './confirmation.service';
import { InvitationsController } from './invitations.controller';
import { InvitationsService } from './invitations.service';
import { JwtStrategy } from './jwt.strategy';
import { LoginService } from './login.service';
import { LoginThrottle } from './login-throttle';
import { PasswordController } from './password.controller';
import { PasswordsService } from './passwords.service';
import { Principals } from './principals';
import { SessionsService } from './sessions.service';
import { SignupService } from './signup.service';
import { TokenHolders } from './token-holders';
import { UsersController } from './users.controller';
import { UsersService } from './users.service';

/**
 * Signing up, logging in, and knowing who asks. `apps/api` registers the guards (`JwtAuthGuard`, then `RolesGuard` and `ScopesGuard`) for
 * all routes; features meet authentication through `Principal` and, where no guard has asked, `PrincipalSource`.
 */
@Global()
@Module({
  imports: [
    AccountsModule,
    PassportModule,
    JwtModule.registerAsync({ inject: [AppConfig], useFactory: jwtOptions }),
  ],
  controllers: [
    AuthController,
    ConfirmationController,
    PasswordController,
    UsersController,
    ApiKeysController,
    InvitationsController,
  ],
  providers: [
    AdminSessions,
    ApiKeys,
    AccessTokens,
    SessionsService,
    SignupService,
    LoginService,
    LoginThrottle,
    ConfirmationService,
    PasswordsService,
    InvitationsService,
    UsersService,
    Principals,
    TokenHolders,
    JwtStrategy,
    { provide: PrincipalSource, useExisting: Principals },
  ],
  exports: [AccountsModule, AdminSessions, PrincipalSource, TokenHolders, ApiKeys],
})
export class AuthModule {}
