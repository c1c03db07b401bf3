import { Injectable } from '@nestjs/common';
import type { AppError } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { addressKey, rateLimited, type RateLimitPolicy, type RateLimitState } from '@waybill/platform/http';
import { invalidCredentials } from './auth.errors';
import { LoginFailureRepository } from './login-failure.repository';

const OF_ACCOUNT = { name: 'login-failures', points: 10, seconds: 15 * 60 };
/** Counts for itself how often one sender failed on one account; it never refuses by itself. */
const OF_SENDER = { name: 'login-failures-of-sender', points: 3, seconds: 15 * 60 };

/** A try at one account's password, whose point is taken until it is forgiven. */
export interface LoginAttempt {
  /** What a wrong password is answered with. */
  readonly refusal: AppError;
  /** Gives the point back: the password was right, or was never looked at. */
  forgive(): Promise<void>;
}

/**
 * Limits failed logins for each account: ten in fifteen minutes, from wherever they come. A limit of the account alone
 * would let anybody lock its owner out; so beyond it a sender (an address, or an IPv6 /64) that has not failed more
 * than twice on this account may still try. His right password lets him in; a wrong one is answered like a refusal, so that
 * guessers see one wall. What a network of many addresses gains by this is three guesses each.
 *
 * The counts rest in PostgreSQL, not in Redis: they hold when Redis is away, for all instances, and over restarts.
 * Unknown addresses are counted like accounts, so that the limit tells nothing of who has one.
 */
@Injectable()
export class LoginThrottle {
  constructor(
    private readonly failures: LoginFailureRepository,
    private readonly config: AppConfig,
  ) {}

  /** Begins a try. The point is taken before the password is checked, or a burst would get past; `RATE_LIMITED`. */
  async begin(email: string, address: string): Promise<LoginAttempt> {
    const account = email.toLowerCase();
    const sender = `${addressKey(address)} ${account}`;
    const [ofAccount, ofSender] = await Promise.all([
      this.take(OF_ACCOUNT, account),
      this.take(OF_SENDER, sender),
    ]);
    if (ofAccount.exceeded && ofSender.exceeded) throw rateLimited([ofAccount]);
    return {
      refusal: ofAccount.exceeded ? rateLimited([ofAccount]) : invalidCredentials(),
      forgive: async () => {
        await Promise.all([
          this.failures.subtract(rowKey(OF_ACCOUNT, account)),
          this.failures.subtract(rowKey(OF_SENDER, sender)),
        ]);
      },
    };
  }

  private async take(policy: RateLimitPolicy, key: string): Promise<RateLimitState> {
    const { name, seconds } = policy;
    const limit = Math.max(1, Math.round(policy.points * this.config.rateLimitScale));
    const { failures, resetSeconds } = await this.failures.add(rowKey(policy, key), seconds);
    return {
      policy: name,
      limit,
      windowSeconds: seconds,
      remaining: Math.max(0, limit - failures),
      resetSeconds: Math.max(1, resetSeconds),
      exceeded: failures > limit,
    };
  }
}

function rowKey({ name }: RateLimitPolicy, key: string): string {
  return `${name} ${key}`;
}
