export { AccountDirectory, type Contact } from './account-directory';
export { AccountsModule } from './accounts.module';
export { AccountsService, type NewAccount } from './accounts.service';
export { AuthModule } from './auth.module';
export { ConfirmationLinks } from './confirmation-links';
export { CredentialSweeper } from './credential-sweeper';
export { JwtAuthGuard } from './jwt-auth.guard';
export { ResetLinks } from './reset-links';
export { RolesGuard } from './roles.guard';
