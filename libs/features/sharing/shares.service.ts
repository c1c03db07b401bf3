import { Injectable } from '@nestjs/common';
import { hashToken, randomToken } from '@waybill/core/crypto';
import { AppError, Clock, uuidv7 } from '@waybill/core/kernel';
import { Database } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { PasswordHasher } from '@waybill/platform/passwords';
import { DEFAULT_SECONDS, TOKEN_BYTES } from './share.policy';
import { ShareRepository, type ShareRecord } from './share.repository';

export interface ShareWish {
  ownerId: string;
  fileIds: readonly string[];
  /** What the archive of several files is called. */
  name: string | null;
  expiresAt?: Date;
  maxDownloads: number | null;
  password: string | null;
}

export interface ShareChangeWish {
  expiresAt?: Date;
  maxDownloads?: number | null;
  password?: string | null;
}

/** What happens to shares: each change is one transaction, with its event in it. */
@Injectable()
export class SharesService {
  constructor(
    private readonly database: Database,
    private readonly shares: ShareRepository,
    private readonly passwords: PasswordHasher,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  /** Makes a share of files that were found to be its owner's. The token is nowhere but in what this returns. */
  async create(wish: ShareWish): Promise<{ share: ShareRecord; token: string }> {
    const { ownerId, fileIds, name, maxDownloads } = wish;
    const id = uuidv7();
    const token = randomToken(TOKEN_BYTES);
    const passwordHash = wish.password === null ? null : await this.passwords.hash(wish.password);
    const expiresAt = wish.expiresAt ?? new Date(this.clock.now().getTime() + DEFAULT_SECONDS * 1000);
    return this.database.transaction(async (tx) => {
      const tokenHash = hashToken(token);
      await this.shares.insert(tx, {
        id,
        ownerId,
        tokenHash,
        name,
        fileIds,
        passwordHash,
        expiresAt,
        maxDownloads,
      });
      await this.outbox.append(tx, {
        type: 'share.created',
        actorId: ownerId,
        ownerId,
        subjectId: id,
        data: { shareId: id, fileIds: [...fileIds] },
      });
      return { share: (await this.shares.find(ownerId, id, tx))!, token };
    });
  }

  /**
   * Changes a share; a new password ends what was unlocked with the one before.
   *
   * @param revision the only one that may be changed; null for whatever is there.
   * @throws AppError `PRECONDITION_FAILED` when it has another revision by now; `GONE` when it was revoked.
   */
  async change(share: ShareRecord, wish: ShareChangeWish, revision: number | null): Promise<ShareRecord> {
    const { password, ...rest } = wish;
    const changed = Object.entries(wish).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    if (changed.length === 0) return share;
    const changes =
      password === undefined
        ? rest
        : { ...rest, passwordHash: password === null ? null : await this.passwords.hash(password) };
    return this.database.transaction(async (tx) => {
      if (!(await this.shares.update(tx, share.id, changes, revision, this.clock.now()))) {
        throw await this.unchangeable(share, revision);
      }
      await this.outbox.append(tx, {
        type: 'share.updated',
        actorId: share.ownerId,
        ownerId: share.ownerId,
        subjectId: share.id,
        data: { shareId: share.id, fileIds: share.fileIds, changed },
      });
      return (await this.shares.find(share.ownerId, share.id, tx))!;
    });
  }

  /** Ends a share, from the commit on and for good. Once is enough: what was revoked stays so. Throws like {@link change}. */
  async revoke(share: ShareRecord, revision: number | null): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (!(await this.shares.revoke(tx, share.id, revision, this.clock.now()))) {
        const refusal = await this.unchangeable(share, revision);
        if (refusal.code === 'GONE') return;
        throw refusal;
      }
      await this.outbox.append(tx, {
        type: 'share.revoked',
        actorId: share.ownerId,
        ownerId: share.ownerId,
        subjectId: share.id,
        data: { shareId: share.id, fileIds: share.fileIds },
      });
    });
  }

  private async unchangeable({ ownerId, id }: ShareRecord, revision: number | null): Promise<AppError> {
    const now = await this.shares.find(ownerId, id);
    if (now === null) return AppError.notFound();
    return revision !== null && now.revision !== revision
      ? new AppError('PRECONDITION_FAILED', 'The share was changed meanwhile.')
      : new AppError('GONE', 'The share was revoked.');
  }
}
