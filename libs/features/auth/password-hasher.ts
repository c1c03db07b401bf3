import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { AppError } from '@waybill/core/kernel';
import { Gate } from './gate';

/** argon2id with the parameters of the OWASP password storage cheat sheet: 19 MiB, two passes, one lane. */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Half of libuv's four threads, so that file and DNS work always finds one; 38 MiB at most. */
const CONCURRENCY = 2;
/** At some 30 ms each, whoever waits last waits about two seconds. */
const QUEUE_LENGTH = 128;
const RETRY_AFTER_SECONDS = 2;

/**
 * Hashes and verifies passwords, a few at a time: each costs 19 MiB and tens of milliseconds, so a flood of guesses must
 * not become a flood of memory. Beyond the queue, callers get `RATE_LIMITED`.
 */
@Injectable()
export class PasswordHasher {
  private readonly gate = new Gate(CONCURRENCY, QUEUE_LENGTH);
  private dummy?: Promise<string>;

  /** The PHC string of a password, with a fresh salt. */
  async hash(password: string): Promise<string> {
    return this.guarded(() => hash(prepared(password), ARGON2ID));
  }

  /** Whether the password is the one behind `stored`. Without an account (null) it takes as long, and is never right. */
  async verify(stored: string | null, password: string): Promise<boolean> {
    const against = stored ?? (await this.dummyHash());
    const right = await this.guarded(() => verify(against, prepared(password)));
    return right && stored !== null;
  }

  private async dummyHash(): Promise<string> {
    this.dummy ??= hash('', ARGON2ID);
    return this.dummy;
  }

  private async guarded<T>(work: () => Promise<T>): Promise<T> {
    const pass = this.gate.enter();
    if (pass === null) {
      throw new AppError('RATE_LIMITED', 'Too many passwords are being checked at the moment.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    await pass;
    try {
      return await work();
    } finally {
      this.gate.leave();
    }
  }
}

/** What looks the same is the same: composed and decomposed letters are one password (RFC 8265, section 4.2.2). */
function prepared(password: string): string {
  return password.normalize('NFC');
}
