import { Logger } from '@nestjs/common';
import type { Response } from 'express';
import type { Tx } from '@waybill/platform/database';
import type { Holding, IdempotencyKeyRepository, Made } from './idempotency-key.repository';
import { requestInProgress } from './idempotency.errors';
import { keepRefusal, keepSuccess, type KeptAnswer } from './kept-answer';

export interface HeldKeyOptions {
  holding: Holding;
  leaseMs: number;
  keys: IdempotencyKeyRepository;
  seal: (answer: KeptAnswer) => Buffer;
  /** What an earlier request with this key made before it died: it must be answered for, not made again. */
  made: Made | null;
}

const log = new Logger('Idempotency');

/** A key that this request holds, alone, as long as it shows that it lives. Whoever takes one calls `answer`. */
export class HeldKey {
  readonly made: Made | null;
  private readonly heartbeat: NodeJS.Timeout;

  constructor(private readonly options: HeldKeyOptions) {
    this.made = options.made;
    this.heartbeat = setInterval(() => this.renew(), options.leaseMs / 3);
    this.heartbeat.unref();
  }

  /**
   * Notes what the request makes, in the transaction that makes it, so that it is made once whoever dies.
   *
   * @throws AppError REQUEST_IN_PROGRESS when this request was taken for dead and another has the key: make nothing.
   */
  async mark(tx: Tx, made: Made): Promise<void> {
    if (!(await this.options.keys.mark(this.options.holding, made, tx))) throw requestInProgress();
  }

  /**
   * Carries the request out and keeps its answer before that is sent. Where there is none to keep (it failed here, or
   * its body did not come whole) the key is free again.
   *
   * @param fingerprint of the body; null as long as that has not come whole.
   */
  async answer<T>(fingerprint: () => Buffer | null, response: Response, work: () => Promise<T>): Promise<T> {
    try {
      const body = await work();
      await this.settle(fingerprint(), keepSuccess(response, body));
      return body;
    } catch (error) {
      await this.settle(fingerprint(), keepRefusal(error));
      throw error;
    } finally {
      clearInterval(this.heartbeat);
    }
  }

  /** What was done stays done and is answered, also when this fails: then the lease frees the key. */
  private async settle(fingerprint: Buffer | null, answer: KeptAnswer | null): Promise<void> {
    const { keys, holding, seal } = this.options;
    try {
      if (answer === null || fingerprint === null) await keys.release(holding);
      else if (!(await keys.keep(holding, fingerprint, seal(answer))))
        log.warn('An answer was not kept: its request had been taken for dead.');
    } catch (error) {
      log.warn(`An answer was not kept: ${(error as Error).message}`);
    }
  }

  private renew(): void {
    this.options.keys.renew(this.options.holding, this.options.leaseMs).catch((error: unknown) => {
      log.warn(`The lease of a key was not renewed: ${(error as Error).message}`);
    });
  }
}
