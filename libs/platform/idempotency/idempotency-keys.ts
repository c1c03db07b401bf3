import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { uuidv7 } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { AnswerBox } from './answer-box';
import { HeldKey } from './held-key';
import { IdempotencyKeyRepository } from './idempotency-key.repository';
import { keyReused, requestInProgress } from './idempotency.errors';
import { replay, type KeptAnswer } from './kept-answer';
import type { KeyedRequest } from './keyed-request';

/** Between a look that finds a key taken and one that finds it free lies a request that ended. */
const LOOKS = 3;
const SWEEP_BATCH = 1_000;

/** The key was answered before. */
export class EarlierAnswer {
  constructor(private readonly known: { fingerprint: Buffer; open: () => KeptAnswer }) {}

  /**
   * Gives the answer again, to a request with the same body: returns the body, or throws the refusal.
   *
   * @throws AppError IDEMPOTENCY_KEY_REUSED for another body.
   */
  replay(fingerprint: Buffer, response: Response): unknown {
    assertSameBody(this.known.fingerprint, fingerprint);
    return replay(this.known.open(), response);
  }
}

/** Lets of all requests with one key only one be carried out. The rows are in PostgreSQL, so this holds across instances. */
@Injectable()
export class IdempotencyKeys {
  private readonly box: AnswerBox;

  constructor(
    private readonly keys: IdempotencyKeyRepository,
    private readonly config: AppConfig,
  ) {
    this.box = new AnswerBox(config.secrets.link);
  }

  /** What stands for a body; `canonicalBody` must be the same text for whatever counts as the same body. */
  fingerprint(canonicalBody: string): Buffer {
    return this.box.fingerprint(canonicalBody);
  }

  /**
   * Takes the key for this request, or finds how it was answered before.
   *
   * @param fingerprint of the body; null where that is still to come.
   * @throws AppError REQUEST_IN_PROGRESS, or IDEMPOTENCY_KEY_REUSED as far as that can be told already.
   */
  async claim(request: KeyedRequest, fingerprint: Buffer | null): Promise<HeldKey | EarlierAnswer> {
    const { scope, keyHash } = request;
    const { leaseMs } = this.config;
    for (let look = 0; look < LOOKS; look++) {
      const holder = uuidv7();
      const taken = await this.keys.take(request, holder, fingerprint, leaseMs);
      if (taken !== null) {
        const seal = (answer: KeptAnswer): Buffer => this.box.seal(request, answer);
        const holding = { scope, keyHash, holder };
        return new HeldKey({ holding, leaseMs, keys: this.keys, seal, made: taken.made });
      }
      const known = await this.keys.find(request);
      if (known === null) continue;
      if (!known.operation.equals(request.operation)) throw keyReused();
      if (known.fingerprint && fingerprint) assertSameBody(known.fingerprint, fingerprint);
      const { answer } = known;
      if (answer && known.fingerprint) {
        return new EarlierAnswer({
          fingerprint: known.fingerprint,
          open: () => this.box.open(request, answer),
        });
      }
      throw requestInProgress();
    }
    throw requestInProgress();
  }

  /** Removes what is no longer kept; tells how many keys that were. */
  async sweep(): Promise<number> {
    const removed = await this.keys.purge(SWEEP_BATCH);
    return removed < SWEEP_BATCH ? removed : removed + (await this.sweep());
  }
}

/** @throws AppError IDEMPOTENCY_KEY_REUSED */
export function assertSameBody(first: Buffer, now: Buffer): void {
  if (!first.equals(now)) throw keyReused();
}
