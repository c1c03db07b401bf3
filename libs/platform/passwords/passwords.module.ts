import { Global, Module } from '@nestjs/common';
import { PasswordHasher } from './password-hasher';

/** One hasher for each process, whoever's the passwords are: its gate bounds what all of them cost together. */
@Global()
@Module({ providers: [PasswordHasher], exports: [PasswordHasher] })
export class PasswordsModule {}
