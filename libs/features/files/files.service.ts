import { Injectable } from '@nestjs/common';
import { AppError, Clock } from '@waybill/core/kernel';
import { Database, type Tx } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { ObjectRegistry } from '@waybill/platform/objects';
import { changedProperties, recipientsAfter, type FileChanges } from './file-changes';
import { isExpired } from './file.policy';
import { FileGrantRepository } from './file-grant.repository';
import { FileRepository, type BuriedFile, type FileRecord } from './file.repository';
import { StorageUsageService } from './storage-usage.service';

/** What happens to files: each change is one transaction, with its event in it. */
@Injectable()
export class FilesService {
  constructor(
    private readonly database: Database,
    private readonly files: FileRepository,
    private readonly grants: FileGrantRepository,
    private readonly objects: ObjectRegistry,
    private readonly usage: StorageUsageService,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  /**
   * Changes what a file says of itself, or who may have it. What is so already is no change: no new revision, no event.
   *
   * @param revision the only one that may be changed; null for whatever is there.
   * @throws AppError `PRECONDITION_FAILED` when it has another revision by now; `NOT_FOUND` when it is gone or over
   * meanwhile; `VALIDATION_FAILED` for recipients of a file that is not restricted.
   */
  async change(
    fileId: string,
    actorId: string,
    changes: FileChanges,
    revision: number | null,
  ): Promise<void> {
    const now = this.clock.now();
    await this.database.transaction(async (tx) => {
      const file = await this.files.lock(tx, fileId, now);
      if (file === null) throw AppError.notFound();
      if (revision !== null && file.revision !== revision) throw changedMeanwhile();

      const recipients = recipientsAfter(changes, file.visibility);
      const changed: string[] = changedProperties(file, changes);
      const { added, removed } =
        recipients === undefined
          ? { added: [], removed: [] }
          : await this.grants.replace(tx, fileId, recipients);
      if (added.length + removed.length > 0) changed.push('recipients');
      if (changed.length === 0) return;

      await this.files.update(tx, fileId, { ...file, ...changes }, now);
      await this.outbox.append(tx, {
        type: 'file.updated',
        actorId,
        ownerId: file.ownerId,
        subjectId: fileId,
        data: { fileId, fileName: file.name, changed },
      });
      await this.announceGrants(tx, { id: fileId, name: file.name, actorId }, added);
    });
  }

  /** Tells each of the new recipients who has a verified account. Who has none yet will find the file in his list. */
  private async announceGrants(
    tx: Tx,
    file: { id: string; name: string; actorId: string },
    added: string[],
  ): Promise<void> {
    for (const userId of await this.grants.clientsOf(tx, added)) {
      await this.outbox.append(tx, {
        type: 'file.granted',
        actorId: file.actorId,
        ownerId: userId,
        subjectId: file.id,
        data: { fileId: file.id, fileName: file.name, userId },
      });
    }
  }

  /** A file as its recipients may know it, if this client, whose address is verified, may have it now; else null. */
  async findFor(
    client: { userId: string; email: string },
    fileId: string,
  ): Promise<{ name: string; ownerName: string | null } | null> {
    const reader = { ...client, role: 'client', emailVerified: true } as const;
    const [file] = await this.files.permitted(reader, 'read', [fileId]);
    if (file === undefined || file.deletedAt !== null || isExpired(file, this.clock.now())) return null;
    return { name: file.name, ownerName: file.ownerName };
  }

  /**
   * Deletes a file: its key is destroyed with the commit, its bytes soon after.
   *
   * @param actorId who asks for it; null for the system.
   * @param revision the only one that may be deleted; null for whatever is there.
   * @throws AppError `PRECONDITION_FAILED` when it has another revision by now; `NOT_FOUND` when it is gone already.
   */
  async delete(fileId: string, actorId: string | null, revision: number | null): Promise<void> {
    await this.database.transaction(async (tx) => {
      const buried = await this.files.entomb(tx, fileId, revision, this.clock.now());
      if (buried === null) {
        if (!(await this.files.isLive(fileId, tx))) throw AppError.notFound();
        throw changedMeanwhile();
      }
      await this.bury(tx, [buried]);
      await this.outbox.append(tx, {
        type: 'file.deleted',
        actorId,
        ownerId: buried.ownerId,
        subjectId: buried.id,
        data: { fileId: buried.id, fileName: buried.name },
      });
    });
  }

  /**
   * Deletes some of the files whose time is over, and tells how many.
   *
   * @param limit how many at most, in one transaction.
   */
  async expire(limit: number): Promise<number> {
    return this.database.transaction(async (tx) => {
      const buried = await this.files.entombExpired(tx, this.clock.now(), limit);
      await this.bury(tx, buried);
      for (const { id, ownerId, name } of buried) {
        await this.outbox.append(tx, {
          type: 'file.expired',
          actorId: null,
          ownerId,
          subjectId: id,
          data: { fileId: id, fileName: name },
        });
      }
      return buried.length;
    });
  }

  /** Announces that the end of some files is near, once for each end; tells how many. */
  async warn(withinMs: number, limit: number): Promise<number> {
    const now = this.clock.now();
    return this.database.transaction(async (tx) => {
      const until = new Date(now.getTime() + withinMs);
      const expiring = await this.files.warnExpiring(tx, now, until, limit);
      for (const { id, ownerId, name, expiresAt } of expiring) {
        await this.outbox.append(tx, {
          type: 'file.expiring',
          actorId: null,
          ownerId,
          subjectId: id,
          data: { fileId: id, fileName: name, expiresAt: expiresAt.toISOString() },
        });
      }
      return expiring.length;
    });
  }

  /** A file as a warning of its end tells of it; null when it is gone, or has no end any more. */
  async findExpiring(ownerId: string, fileId: string): Promise<{ name: string; expiresAt: Date } | null> {
    const owner = { userId: ownerId, role: 'ops', email: '', emailVerified: true } as const;
    const [file] = await this.files.permitted(owner, 'manage', [fileId]);
    if (file === undefined || file.deletedAt !== null || isExpired(file, this.clock.now())) return null;
    return file.expiresAt === null ? null : { name: file.name, expiresAt: file.expiresAt };
  }

  /** Remembers, and announces, that a file's bytes are not what was sealed. Repeating it changes nothing. */
  async markCorrupt(file: FileRecord): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (!(await this.files.markCorrupt(tx, file.id, file.objectKey))) return;
      await this.outbox.append(tx, {
        type: 'file.corrupt',
        actorId: null,
        ownerId: file.ownerId,
        subjectId: file.id,
        data: { fileId: file.id, fileName: file.name, code: 'INTEGRITY_FAILURE' },
      });
    });
  }

  /** Announces that somebody has been given the whole file. */
  async noteDownload(tx: Tx, file: FileRecord, userId: string): Promise<void> {
    await this.outbox.append(tx, {
      type: 'file.downloaded',
      actorId: userId,
      ownerId: file.ownerId,
      subjectId: file.id,
      data: { fileId: file.id, fileName: file.name },
    });
  }

  /** Gives up the objects, and the quota that they took. */
  private async bury(tx: Tx, files: BuriedFile[]): Promise<void> {
    const keys = files.map(({ objectKey }) => objectKey);
    await this.objects.bury(keys, tx);
    const sizes = new Map<string, number>();
    for (const { ownerId, size } of files) sizes.set(ownerId, (sizes.get(ownerId) ?? 0) + size);
    // Always in the same order, so that two sweepers cannot wait for each other's rows.
    for (const ownerId of [...sizes.keys()].sort())
      await this.usage.release(tx, ownerId, sizes.get(ownerId)!);
  }
}

function changedMeanwhile(): AppError {
  return new AppError('PRECONDITION_FAILED', 'The file was changed meanwhile.');
}
