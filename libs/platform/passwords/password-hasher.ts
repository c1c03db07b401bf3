import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { AppError, Gate } from '@waybill/core/kernel';

/** argon2id with the parameters of the OWASP password storage cheat sheet: 19 MiB, two passes, one lane. */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Half of libuv's four threads, so that file and DNS work always finds one; 38 MiB at most. */
const HASHING = 2;
/** How much may be under way around the hashing: what it asks of the database stays a matter of few connections. */
const WIDTH = 8;
/** At some 30 ms each, what waits takes about a second; two where both accounts and shares are guessed at. */
const PLACES = 64;
/** More than the failures that an account or a share is allowed; beyond that it can only be a flood. */
const PLACES_OF_LANE = 16;
const PATIENCE_MS = 5000;
const RETRY_AFTER_SECONDS = 1;

/** Whether the password is the one behind `stored`. Without an account (null) it takes as long, and is never right. */
export type VerifyPassword = (stored: string | null, password: string) => Promise<boolean>;

/** What passwords are for. Each has a waiting room of its own, so that a crowd in one takes no places in another. */
export type PasswordUse = 'account' | 'share' | 'new';

/**
 * Hashes and verifies passwords, a few at a time: each costs 19 MiB and tens of milliseconds, so a flood of guesses must
 * not become a flood of memory, nor keep others waiting. Who cannot be served soon gets `RATE_LIMITED`.
 */
@Injectable()
export class PasswordHasher {
  private readonly rooms: Record<PasswordUse, Gate> = {
    account: waitingRoom(),
    share: waitingRoom(),
    new: waitingRoom(),
  };
  /** The uses take turns. */
  private readonly hashing = new Gate({ width: HASHING });
  private dummy?: Promise<string>;
  private others = 0;

  /** The PHC string of a password, with a fresh salt. */
  async hash(password: string): Promise<string> {
    const lane = `#${this.others++}`;
    return this.rooms.new.pass(lane, () =>
      this.hashing.pass('new', () => hash(prepared(password), ARGON2ID)),
    );
  }

  /**
   * Runs what is a try at one password, an account's or a share's. It waits for its turn before anything is done for it, so that a flood
   * of tries costs neither hashing nor queries, and tries at one do not delay those at others.
   *
   * @param whose password is tried: an e-mail address, a share; compared without case.
   */
  async trial<T>(
    use: Exclude<PasswordUse, 'new'>,
    whose: string,
    work: (verify: VerifyPassword) => Promise<T>,
  ): Promise<T> {
    return this.rooms[use].pass(whose.toLowerCase(), () =>
      work((stored, password) => this.verify(use, stored, password)),
    );
  }

  private async verify(use: PasswordUse, stored: string | null, password: string): Promise<boolean> {
    const against = stored ?? (await this.dummyHash());
    const right = await this.hashing.pass(use, () => verify(against, prepared(password)));
    return right && stored !== null;
  }

  private async dummyHash(): Promise<string> {
    this.dummy ??= hash('', ARGON2ID);
    return this.dummy;
  }
}

function waitingRoom(): Gate {
  return new Gate({
    width: WIDTH,
    places: PLACES,
    perLane: PLACES_OF_LANE,
    patienceMs: PATIENCE_MS,
    refusal: () =>
      new AppError('RATE_LIMITED', 'Too many passwords are being checked at the moment.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      }),
  });
}

/** What looks the same is the same: composed and decomposed letters are one password (RFC 8265, section 4.2.2). */
function prepared(password: string): string {
  return password.normalize('NFC');
}
