import { Injectable } from '@nestjs/common';
import { AppError, type Principal } from '@waybill/core/kernel';
import { StorageUsageService } from '@waybill/features/files';
import { AppConfig } from '@waybill/platform/config';
import { Database, type Tx } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { ObjectRegistry } from '@waybill/platform/objects';
import { RunningTransfers } from './running-transfers';
import { vaultPrefix } from './sealing/vault-key';
import { stagingPrefix } from './staging/staging-format';
import { UploadRepository, type UploadRow } from './upload.repository';
import { UploadWrites } from './upload-writes';

/** Ends uploads that come to nothing, whatever their state, and gives up what they hold: bytes, rows of parts, quota. */
@Injectable()
export class UploadEndings {
  constructor(
    private readonly database: Database,
    private readonly writes: UploadWrites,
    private readonly uploads: UploadRepository,
    private readonly objects: ObjectRegistry,
    private readonly usage: StorageUsageService,
    private readonly outbox: Outbox,
    private readonly running: RunningTransfers,
    private readonly config: AppConfig,
  ) {}

  /** Ends an upload as failed and gives up its bytes; false when it had ended before. */
  async fail(uploadId: string, failureCode: string): Promise<boolean> {
    return this.endAsFailed(uploadId, (tx) => this.uploads.fail(tx, uploadId, failureCode));
  }

  /** Ends an upload whose request has died; false when it has not. */
  async interrupt(uploadId: string): Promise<boolean> {
    return this.endAsFailed(uploadId, (tx) => this.uploads.interrupt(tx, uploadId));
  }

  /** Ends a tus upload that was given up by its client; false when it was not. */
  async expire(uploadId: string): Promise<boolean> {
    return this.endAsFailed(uploadId, (tx) =>
      this.uploads.expire(tx, uploadId, this.config.uploads.resumeMs),
    );
  }

  /** Cancels an upload wherever it stands, and stops what works on it, wherever that runs. Repeating it changes nothing. */
  async cancel(principal: Principal, uploadId: string): Promise<void> {
    const known = await this.uploads.findOwned(uploadId, principal.userId);
    if (!known) throw AppError.notFound();
    if (known.status === 'cancelled') return;
    const cancelled = await this.database.transaction(async (tx) => {
      const row = await this.uploads.cancel(tx, uploadId);
      if (!row) return (await this.uploads.find(uploadId, tx))?.status === 'cancelled';
      await this.discard(tx, row);
      await this.outbox.append(tx, {
        type: 'upload.cancelled',
        actorId: principal.userId,
        ownerId: row.ownerId,
        subjectId: uploadId,
        data: { uploadId, fileId: row.fileId, fileName: row.fileName },
      });
      return true;
    });
    if (!cancelled)
      throw new AppError('UPLOAD_NOT_CANCELLABLE', 'The upload has ended and cannot be cancelled.');
    this.running.stop(uploadId);
  }

  /** Ends some of the uploads whose owner's account was deleted, and gives up their bytes. */
  async abandonDeparted(limit: number): Promise<void> {
    for (const id of await this.uploads.ofDeparted(limit)) {
      const ended = await this.database.transaction(async (tx) => {
        const row = await this.uploads.abandon(tx, id);
        if (!row) return false;
        await this.discard(tx, row);
        await this.outbox.append(tx, {
          type: 'upload.cancelled',
          actorId: null,
          ownerId: row.ownerId,
          subjectId: id,
          data: { uploadId: id, fileId: row.fileId, fileName: row.fileName },
        });
        return true;
      });
      if (ended) this.running.stop(id);
    }
  }

  private async endAsFailed(uploadId: string, end: (tx: Tx) => Promise<UploadRow | null>): Promise<boolean> {
    const row = await this.writes.transaction(uploadId, async (tx) => {
      const ended = await end(tx);
      if (!ended) return null;
      const { fileId, fileName, ownerId, failureCode } = ended;
      await this.discard(tx, ended);
      await this.outbox.append(tx, {
        type: 'upload.failed',
        actorId: null,
        ownerId,
        subjectId: uploadId,
        data: { uploadId, fileId, fileName, failureCode: failureCode! },
      });
      return ended;
    });
    if (row) this.running.stop(row.id);
    return row !== null;
  }

  /** Gives up all that an ended upload holds: staged and half-sealed objects, rows of parts, quota. */
  private async discard(tx: Tx, upload: UploadRow): Promise<void> {
    await this.objects.buryAll(stagingPrefix(upload.id), tx);
    await this.objects.buryAll(vaultPrefix(upload.fileId), tx);
    await this.uploads.deleteParts(tx, upload.id);
    await this.usage.release(tx, upload.ownerId, upload.offsetBytes);
  }
}
