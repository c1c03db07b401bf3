export { PasswordHasher, type VerifyPassword } from './password-hasher';
export { PasswordsModule } from './passwords.module';
