import { Injectable } from '@nestjs/common';
import { hashToken, isCanonicalBase64url } from '@waybill/core/crypto';
import { AppError, Clock } from '@waybill/core/kernel';
import { SharedFiles, type Content, type SharedFile } from '@waybill/features/files';
import { assertCurrent, gone, TOKEN_BYTES } from './share.policy';
import { ShareRepository, type ShareRecord } from './share.repository';

/** A share that a token leads to, and the files that it is for, as they stand. */
export interface OpenShare {
  share: ShareRecord;
  files: SharedFile[];
  content: Content;
}

/** The way from a token to what it is for. */
@Injectable()
export class ShareAccess {
  constructor(
    private readonly shares: ShareRepository,
    private readonly files: SharedFiles,
    private readonly clock: Clock,
  ) {}

  /** The share of a token, whatever its state; null for what is none. */
  async find(token: string): Promise<ShareRecord | null> {
    return isCanonicalBase64url(token, TOKEN_BYTES) ? this.shares.byToken(hashToken(token)) : null;
  }

  /**
   * What a token is good for now.
   *
   * @throws AppError `NOT_FOUND` for what is no token of ours; `GONE` when the share is over, or one of its files.
   */
  async open(token: string): Promise<OpenShare> {
    const share = await this.find(token);
    if (share === null) throw AppError.notFound();
    return this.resolve(share);
  }

  async resolve(share: ShareRecord): Promise<OpenShare> {
    assertCurrent(share, this.clock.now());
    const files = await this.files.of(share.ownerId, share.fileIds);
    if (files === null || files.length === 0) throw gone('What was shared is gone.');
    return { share, files, content: this.files.content(files, share.name) };
  }
}
