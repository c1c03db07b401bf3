import { Injectable } from '@nestjs/common';
import { AppError, type Principal } from '@waybill/core/kernel';
import {
  assertSameBody,
  canonicalJson,
  EarlierAnswer,
  IdempotencyKeys,
  keyedRequest,
  type HeldKey,
} from '@waybill/platform/idempotency';
import type { Request, Response } from 'express';
import { UploadRepository } from '../upload.repository';
import { TUS_PATH, TusDoor } from './tus-door';

/** What says which upload is to be created; its bytes, which may be sent along, are the upload's. */
const SAYS_WHICH = ['upload-length', 'upload-defer-length', 'upload-metadata'];

/** Creates uploads, each Idempotency-Key's once. */
@Injectable()
export class KeyedCreations {
  constructor(
    private readonly door: TusDoor,
    private readonly keys: IdempotencyKeys,
    private readonly uploads: UploadRepository,
  ) {}

  async create(request: Request, response: Response, principal: Principal): Promise<void> {
    const keyed = keyedRequest(request, principal);
    const call = { method: 'POST', principal, uploadId: null } as const;
    if (keyed === null) return this.door.handle(request, response, call);
    const said = SAYS_WHICH.map((name) => request.headers[name] ?? null);
    const fingerprint = this.keys.fingerprint(canonicalJson(said));
    const claim = await this.keys.claim(keyed, fingerprint);
    if (claim instanceof EarlierAnswer) {
      claim.replay(fingerprint, response);
      return this.tellOffset(request, response);
    }
    return claim.answer(
      () => fingerprint,
      response,
      async () => {
        if (await this.answerFor(claim, fingerprint, response)) return this.tellOffset(request, response);
        return this.door.handle(request, response, {
          ...call,
          together: (tx, subject) => claim.mark(tx, { subject, fingerprint }),
        });
      },
    );
  }

  /** Answers for what an earlier request made before its end; false where there is nothing that still stands. */
  private async answerFor({ made }: HeldKey, fingerprint: Buffer, response: Response): Promise<boolean> {
    if (made === null) return false;
    const row = await this.uploads.find(made.subject);
    if (row === null || row.status === 'cancelled' || row.status === 'failed') return false;
    assertSameBody(made.fingerprint, fingerprint);
    response.status(201).setHeader('Location', `${TUS_PATH}/${made.subject}`);
    return true;
  }

  /** Bytes that came along again were not taken again: whoever sent them goes on from where the upload stands. */
  private async tellOffset(request: Request, response: Response): Promise<void> {
    if (!request.complete) response.setHeader('Connection', 'close');
    const uploadId = String(response.getHeader('Location')).slice(TUS_PATH.length + 1);
    const row = await this.uploads.find(uploadId);
    if (row === null) throw new AppError('GONE', 'The upload was ended, and its bytes are gone.');
    if (request.headers['content-type'] === 'application/offset+octet-stream')
      response.setHeader('Upload-Offset', String(row.offsetBytes));
  }
}
