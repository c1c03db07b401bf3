import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { AppError, type Principal } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import type { Tx } from '@waybill/platform/database';
import {
  assertSameBody,
  EarlierAnswer,
  IdempotencyKeys,
  keyedRequest,
  type HeldKey,
} from '@waybill/platform/idempotency';
import type { Request, Response } from 'express';
import { UploadRepository } from '../upload.repository';
import type { ReceivedUpload } from '../whole/whole-uploads.service';
import { discardingDoor } from './discarding-door';
import { FormFingerprint } from './form-fingerprint';
import type { FormObserver } from './form-observer';
import { MultipartReception } from './multipart-reception';

/** What the reception of a form has to do for its Idempotency-Key. */
export interface UploadKey {
  observer: FormObserver;
  /** Belongs into the transaction that makes the upload `received`. */
  together: (tx: Tx, uploadId: string) => Promise<void>;
}

/** An upload whose bytes are all there; of one that was taken at once all is known that there is to say. */
export type NamedUpload = { uploadId: string } | ReceivedUpload;

export interface KeyedUpload<Answer> {
  /** What the file may have, in bytes. */
  maxBytes: number;
  receive(key?: UploadKey): Promise<NamedUpload>;
  /** Answers for an upload whose bytes are all there; also for one that an earlier request has received. */
  answer(upload: NamedUpload): Promise<Answer>;
}

/**
 * Carries an upload with an Idempotency-Key out once. Whether it is the same upload is known only when the last byte has
 * come, so the key is taken before the first. A repetition of what was answered is read, hashed and thrown away.
 *
 * The key learns of the upload in the transaction that receives it. Whoever dies before that has made nothing; whoever
 * dies after it leaves an upload that the next request with the key answers for.
 */
@Injectable()
export class KeyedUploads {
  constructor(
    private readonly keys: IdempotencyKeys,
    private readonly uploads: UploadRepository,
    private readonly config: AppConfig,
  ) {}

  /** @throws AppError as `IdempotencyKeys.claim` does, and whatever the upload itself throws. */
  async once<Answer>(
    request: Request,
    response: Response,
    principal: Principal,
    upload: KeyedUpload<Answer>,
  ): Promise<Answer> {
    const keyed = keyedRequest(request, principal);
    if (keyed === null) return upload.answer(await upload.receive());
    const claim = await this.keys.claim(keyed, null);
    if (claim instanceof EarlierAnswer)
      return claim.replay(await this.fingerprintOf(request, upload.maxBytes), response) as Answer;
    return this.carryOut(claim, request, response, upload);
  }

  private carryOut<Answer>(
    key: HeldKey,
    request: Request,
    response: Response,
    upload: KeyedUpload<Answer>,
  ): Promise<Answer> {
    const form = new FormFingerprint();
    // Of the form that is answered: one that turns out to be another than the first is not.
    let fingerprint: Buffer | null = null;
    const ofForm = (): Buffer | null => (form.text === null ? null : this.keys.fingerprint(form.text));
    return key.answer(
      () => fingerprint ?? ofForm(),
      response,
      async () => {
        const { made } = key;
        if (made !== null && (await this.stands(made.subject))) {
          const again = await this.fingerprintOf(request, upload.maxBytes);
          assertSameBody(made.fingerprint, again);
          // What the dead request left is also taken up by the reconciler, which may have refused it by now.
          if (!(await this.stands(made.subject))) throw endedMeanwhile();
          fingerprint = again;
          return upload.answer({ uploadId: made.subject });
        }
        const { uploadId } = await upload.receive({
          observer: form,
          together: (tx, subject) => key.mark(tx, { subject, fingerprint: ofForm()! }),
        });
        return upload.answer({ uploadId });
      },
    );
  }

  /** Whether something came of an upload, or still may. */
  private async stands(uploadId: string): Promise<boolean> {
    const row = await this.uploads.find(uploadId);
    if (row === null || row.status === 'cancelled') return false;
    return row.status !== 'failed' || row.failureCode === 'SEALING_FAILED';
  }

  /** Reads a form to its end, in constant memory, for what it is alone. */
  private async fingerprintOf(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
    const form = new FormFingerprint();
    const door = discardingDoor({ maxBytes, idleMs: this.config.uploads.idleMs });
    try {
      await new MultipartReception(request, door, form).receive();
    } catch (error) {
      // A form that came whole and is wrong is compared like any other: its refusal may be what is kept.
      if (form.text === null) throw error;
    }
    return this.keys.fingerprint(form.text!);
  }
}

function endedMeanwhile(): AppError {
  return new AppError('REQUEST_IN_PROGRESS', 'The upload came to its end just now. Try again.', {
    retryAfterSeconds: 1,
  });
}
