import { Injectable } from '@nestjs/common';
import { AppError } from '@waybill/core/kernel';
import { Database } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { setRequestSubject } from '@waybill/platform/observability';
import { atLeast } from './at-least';
import { LoginThrottle } from './login-throttle';
import { PasswordHasher } from '@waybill/platform/passwords';
import { SessionsService, type TokenPair } from './sessions.service';
import { UserRepository, type Account, type AccountWithPassword } from './user.repository';

/** Some times what a refusal costs inside, the event of a known account included. */
const REFUSAL_MS = 150;

/** Lets people in who know their password. */
@Injectable()
export class LoginService {
  constructor(
    private readonly database: Database,
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
    private readonly throttle: LoginThrottle,
    private readonly sessions: SessionsService,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Starts a session. `INVALID_CREDENTIALS` (the same, and as fast, for an unknown address or a disabled account),
   * `EMAIL_NOT_VERIFIED` when the password is right, `RATE_LIMITED` after too many failures.
   *
   * @param address where the request comes from.
   */
  async logIn(email: string, password: string, address: string): Promise<TokenPair & { user: Account }> {
    const user = await this.authenticate(email, password, address);
    return { ...(await this.sessions.start(user)), user };
  }

  /** The same, without a session: whose password that is. */
  async authenticate(email: string, password: string, address: string): Promise<AccountWithPassword> {
    const user = await this.prove(email, password, address);
    if (user.emailVerified) return user;
    throw new AppError('EMAIL_NOT_VERIFIED', 'Confirm your e-mail address first; the link is in your mail.');
  }

  private async prove(email: string, password: string, address: string): Promise<AccountWithPassword> {
    const { attempt, user, right, refused } = await this.hasher.trial('account', email, async (verify) => {
      const attempt = await this.throttle.begin(email, address);
      const refused = performance.now() + REFUSAL_MS;
      try {
        const user = await this.users.findByEmail(email);
        if (user !== null) setRequestSubject(user.id);
        const right = await verify(user?.passwordHash ?? null, password);
        return { attempt, user, right, refused };
      } catch (error) {
        await attempt.forgive();
        throw error;
      }
    });
    if (user !== null && right && !user.disabled) {
      await attempt.forgive();
      return user;
    }
    await atLeast(refused - performance.now(), () => this.recordFailure(user));
    throw attempt.refusal;
  }

  private async recordFailure(user: Account | null): Promise<void> {
    if (user === null) return;
    await this.database.transaction((tx) =>
      this.outbox.append(tx, {
        type: 'login.failed',
        actorId: null,
        ownerId: user.id,
        subjectId: user.id,
        data: { userId: user.id },
      }),
    );
  }
}
