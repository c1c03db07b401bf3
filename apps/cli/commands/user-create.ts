import { text } from 'node:stream/consumers';
import { randomToken } from '@waybill/core/crypto';
import { isAppError, ROLES, type Role } from '@waybill/core/kernel';
import { AccountsService } from '@waybill/features/auth';
import { readOptions } from '../arguments';
import { withServices } from '../cli.module';
import { UsageError, type Command } from '../command';

const GENERATED_PASSWORD_BYTES = 18;

export const userCreateCommand: Command = {
  summary: 'Make an account, whose address counts as confirmed.',
  usage: `user:create --email ADDRESS --role ROLE [--full-name NAME] [--password-stdin] [--if-absent]

Prints a generated password, unless one is given.

  --email ADDRESS     whose account it is
  --role ROLE         ${ROLES.join(', ')}
  --full-name NAME    the name that others see
  --password-stdin    read the password from standard input (its first line)
  --if-absent         exit 0 when the account is there already, and leave it as it is`,

  async run(args) {
    const options = readOptions(args, {
      email: { type: 'string' },
      role: { type: 'string' },
      'full-name': { type: 'string' },
      'password-stdin': { type: 'boolean' },
      'if-absent': { type: 'boolean' },
    });
    const { email } = options;
    if (!email) throw new UsageError('--email is missing.');
    const role = roleOf(options.role);
    const given = options['password-stdin'] ? await firstLineOfInput() : null;
    const password = given ?? randomToken(GENERATED_PASSWORD_BYTES);

    return withServices(async (services) => {
      const accounts = services.get(AccountsService);
      const fullName = options['full-name']?.trim() || null;
      try {
        const { id } = await accounts.create({ email, role, password, fullName, verified: true });
        console.log(`Created ${role} ${email} (${id}).`);
        if (given === null) console.log(`Password: ${password}`);
        return 0;
      } catch (error) {
        if (!isAppError(error, 'EMAIL_TAKEN') || !options['if-absent']) throw error;
        console.log(`${email} has an account already; it was left as it is.`);
        return 0;
      }
    });
  },
};

function roleOf(role: string | undefined): Role {
  if (!role) throw new UsageError('--role is missing.');
  if (!ROLES.includes(role as Role)) throw new UsageError(`--role must be one of ${ROLES.join(', ')}.`);
  return role as Role;
}

async function firstLineOfInput(): Promise<string> {
  const input = await text(process.stdin);
  return input.split(/\r?\n/, 1)[0]!;
}
