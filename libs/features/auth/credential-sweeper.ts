import { Injectable } from '@nestjs/common';
import { ApiKeyRepository } from './api-key.repository';
import { InvitationRepository } from './invitation.repository';
import { LoginFailureRepository } from './login-failure.repository';
import { SessionRepository } from './session.repository';
import { UserAdministrationRepository } from './user-administration.repository';

const BATCH = 1_000;

/**
 * Removes credentials and counts of failures that have expired, and accounts that were deleted once they own nothing any more. A used refresh
 * token stays until it expires, so that reuse is noticed.
 */
@Injectable()
export class CredentialSweeper {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly apiKeys: ApiKeyRepository,
    private readonly invitations: InvitationRepository,
    private readonly failures: LoginFailureRepository,
    private readonly users: UserAdministrationRepository,
  ) {}

  /** One batch of each kind; tells how many rows it removed. */
  async run(): Promise<number> {
    const sessions = await this.sessions.purgeExpired(BATCH);
    const apiKeys = await this.apiKeys.purgeExpired(BATCH);
    const invitations = await this.invitations.purgeExpired(BATCH);
    const failures = await this.failures.purgeExpired(BATCH);
    const users = await this.users.forgetTombstones(BATCH);
    return sessions + apiKeys + invitations + failures + users;
  }
}
