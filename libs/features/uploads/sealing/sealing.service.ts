import { Injectable, Logger } from '@nestjs/common';
import { fileAad, generateDek, wipe } from '@waybill/core/crypto';
import { AppError, isAppError, type ErrorCode } from '@waybill/core/kernel';
import { FilesService } from '@waybill/features/files';
import { LiveProgress } from '@waybill/features/progress';
import { AppConfig } from '@waybill/platform/config';
import { Database, type Tx } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { Keyring } from '@waybill/platform/keyring';
import { ObjectRegistry } from '@waybill/platform/objects';
import { ObjectStores } from '@waybill/platform/storage';
import { StagingService } from '../staging/staging.service';
import { stagingPrefix } from '../staging/staging-format';
import { RunningTransfers } from '../running-transfers';
import { UploadRepository, type UploadRow } from '../upload.repository';
import { sealContent } from './sealer';
import { SealingRepository } from './sealing.repository';
import { vaultKey } from './vault-key';

const MAX_BACKOFF_MS = 10 * 60_000;
/** How late, at most, a sealing hears that its upload was ended, where no signal has come through. */
const RENEW_MS = 3_000;

/** Workers die of many things that are not the content's fault; only so many deaths in a row are. */
const DEATHS_PER_ATTEMPT = 3;

/** Whoever sealed it died, each time. */
class FatalContent extends Error {
  constructor() {
    super('Every worker that sealed it ended without a word.');
  }
}

/** Why a sealing stopped that did nothing wrong. */
class Superseded extends Error {}

/**
 * Turns what was received into a file: claims the upload for an attempt, seals its bytes into the vault, and publishes
 * them in one transaction that only the newest attempt can win. Until then nobody sees anything; afterwards staging is
 * dead.
 */
@Injectable()
export class SealingService {
  private readonly log = new Logger(SealingService.name);

  constructor(
    private readonly database: Database,
    private readonly uploads: UploadRepository,
    private readonly sealings: SealingRepository,
    private readonly staging: StagingService,
    private readonly objects: ObjectRegistry,
    private readonly stores: ObjectStores,
    private readonly keyring: Keyring,
    private readonly files: FilesService,
    private readonly outbox: Outbox,
    private readonly running: RunningTransfers,
    private readonly progress: LiveProgress,
    private readonly config: AppConfig,
  ) {}

  /**
   * Seals an upload, unless it is not its turn: already sealed, ended, or claimed by another since the job was made.
   * A failure is recorded with the upload, and does not reject. Answers what the upload came to.
   */
  async seal(uploadId: string, lastAttempt: number, signal: AbortSignal): Promise<SealingOutcome> {
    const attempt = await this.sealings.claim(uploadId, lastAttempt, this.config.leaseMs);
    if (attempt === null) return { kind: 'not-due' };
    const cancelled = new AbortController();
    const notStoppable = this.running.add(uploadId, () => cancelled.abort(new Superseded()));
    try {
      // Looked at after it could be stopped: who cancelled before that is seen here.
      const upload = await this.uploads.find(uploadId);
      if (upload?.status !== 'encrypting') return { kind: 'not-due' };
      if (upload.deaths >= DEATHS_PER_ATTEMPT * this.config.sealing.attempts)
        return await this.recordFailure(upload, attempt, new FatalContent(), false);
      return await this.sealUnderLease(upload, attempt, signal, cancelled.signal);
    } finally {
      notStoppable();
    }
  }

  private async sealUnderLease(
    upload: UploadRow,
    attempt: number,
    stopping: AbortSignal,
    cancelled: AbortSignal,
  ): Promise<SealingOutcome> {
    const lease = this.keepLease(upload, attempt, [stopping, cancelled]);
    try {
      await this.sealClaimed(upload, attempt, lease.signal);
      return { kind: 'completed', bytes: upload.offsetBytes };
    } catch (error) {
      return await this.recordFailure(upload, attempt, error, stopping.aborted);
    } finally {
      lease.stop();
    }
  }

  private async sealClaimed(upload: UploadRow, attempt: number, signal: AbortSignal): Promise<void> {
    const key = vaultKey(upload.fileId, attempt);
    const store = this.stores.default;
    await this.objects.register(key, store.driver, this.config.leaseMs);
    const writer = await store.create(key);
    const dek = generateDek();
    const sealed = { bytes: 0 };
    const unfollow = this.progress.follow(upload.id, 'sealing', () => sealed.bytes);
    try {
      const aad = fileAad(upload.fileId, attempt);
      const { sha256, sealedSize } = await this.staging.reading(upload, (reader) =>
        sealContent(reader, writer, { dek, aad }, signal, (bytes) => (sealed.bytes += bytes)),
      );
      const { kekId, wrapped } = await this.keyring.wrap(dek, {
        purpose: 'file',
        id: upload.fileId,
        version: attempt,
      });
      await this.database.transaction(async (tx) => {
        await this.publish(tx, upload, { attempt, key, sha256, sealedSize, kekId, wrappedDek: wrapped });
      });
    } catch (error) {
      await writer.abort();
      throw error;
    } finally {
      wipe(dek);
      unfollow();
    }
  }

  private async publish(
    tx: Tx,
    upload: UploadRow,
    sealed: {
      attempt: number;
      key: string;
      sha256: Buffer;
      sealedSize: number;
      kekId: string;
      wrappedDek: Buffer;
    },
  ): Promise<void> {
    const { id: uploadId, fileId, fileName, ownerId, offsetBytes: size } = upload;
    if (!(await this.sealings.complete(tx, uploadId, sealed.attempt))) throw new Superseded();
    await this.files.publish(tx, {
      fileId,
      ownerId,
      name: fileName,
      extension: upload.extension,
      mediaType: upload.mediaType,
      category: upload.category as 'document' | 'media',
      fileType: upload.fileType as 'video' | 'photo' | 'camera' | null,
      attributes: upload.attributes as never,
      size,
      sha256: sealed.sha256,
      objectKey: sealed.key,
      objectVersion: sealed.attempt,
      wrappedDek: sealed.wrappedDek,
      kekId: sealed.kekId,
      sealedSize: sealed.sealedSize,
    });
    await this.objects.buryAll(stagingPrefix(uploadId), tx);
    await this.uploads.deleteParts(tx, uploadId);
    await this.outbox.append(tx, {
      type: 'upload.completed',
      actorId: null,
      ownerId,
      subjectId: uploadId,
      data: { uploadId, fileId, fileName, size },
    });
  }

  /** Renews the lease while the sealing runs, and stops the sealing when the lease is lost, or one of the others says so. */
  private keepLease(
    upload: UploadRow,
    attempt: number,
    others: AbortSignal[],
  ): { signal: AbortSignal; stop: () => void } {
    const lost = new AbortController();
    const key = vaultKey(upload.fileId, attempt);
    const renew = async (): Promise<void> => {
      const mine = await this.sealings.renew(upload.id, attempt, this.config.leaseMs);
      if (!mine) return lost.abort(new Superseded());
      await this.objects.renew([key], this.config.leaseMs);
    };
    const timer = setInterval(
      () => {
        // The database may be away for a while: the commit decides, not the heartbeat.
        renew().catch((error: Error) =>
          this.log.warn(`Upload ${upload.id}: the lease was not renewed: ${error.message}`),
        );
      },
      Math.min(this.config.leaseMs / 4, RENEW_MS),
    );
    return { signal: AbortSignal.any([lost.signal, ...others]), stop: () => clearInterval(timer) };
  }

  private async recordFailure(
    upload: UploadRow,
    attempt: number,
    error: unknown,
    stopping: boolean,
  ): Promise<SealingOutcome> {
    const key = vaultKey(upload.fileId, attempt);
    const { driver } = this.stores.default;
    if (error instanceof Superseded) {
      await this.objects.withdraw(key, driver);
      return { kind: 'not-due' };
    }
    const failures = upload.failures + (stopping ? 0 : 1);
    const exhausted =
      !stopping && (failures >= this.config.sealing.attempts || error instanceof FatalContent);
    const delayMs = stopping ? 0 : this.backoffMs(failures);
    const code = isAppError(error) ? error.code : 'INTERNAL';
    const recorded = await this.database.transaction(async (tx) => {
      await this.objects.withdraw(key, driver, tx);
      if (!exhausted) return this.sealings.postpone(tx, upload.id, attempt, delayMs, !stopping);
      if (!(await this.sealings.giveUp(tx, upload.id, attempt))) return false;
      await this.outbox.append(tx, {
        type: 'upload.failed',
        actorId: null,
        ownerId: upload.ownerId,
        subjectId: upload.id,
        data: {
          uploadId: upload.id,
          fileId: upload.fileId,
          fileName: upload.fileName,
          failureCode: 'SEALING_FAILED',
        },
      });
      return true;
    });
    // Cancelled, or taken over, meanwhile: then it is no wonder that it failed.
    if (!recorded) return { kind: 'not-due' };
    if (!stopping) {
      const next = exhausted ? 'given up' : `next try in ${Math.round(delayMs / 1000)} s`;
      this.log.error(
        `Sealing ${upload.id}, attempt ${attempt}, failed with ${code}; ${next}.`,
        stackOf(error),
      );
    }
    if (exhausted) return { kind: 'failed', code };
    return { kind: 'postponed', attempt, delayMs, code: stopping ? null : code };
  }

  /** Twice as long each time, from the configured first wait up to ten minutes, spread so that crowds disperse. */
  private backoffMs(failures: number): number {
    const wait = Math.min(this.config.sealing.backoffMs * 2 ** (failures - 1), MAX_BACKOFF_MS);
    return wait * (0.75 + Math.random() / 2);
  }

  /** Takes a sealing up again that was given up. Answers the number of attempts so far. */
  async retry(userId: string, uploadId: string): Promise<number> {
    const upload = await this.uploads.findOwned(uploadId, userId);
    if (!upload) throw AppError.notFound();
    const attempt = await this.database.transaction(async (tx) => {
      const taken = await this.sealings.takeUp(tx, uploadId);
      if (taken === null) return null;
      await this.outbox.append(tx, {
        type: 'upload.retried',
        actorId: userId,
        ownerId: userId,
        subjectId: uploadId,
        data: { uploadId, fileId: upload.fileId, fileName: upload.fileName },
      });
      return taken;
    });
    if (attempt === null)
      throw new AppError('CONFLICT', 'Only a sealing that has failed can be taken up again.');
    return attempt;
  }
}

export type SealingOutcome =
  | { kind: 'completed'; bytes: number }
  | { kind: 'not-due' }
  | { kind: 'failed'; code: ErrorCode }
  /** Without a code it did nothing wrong: its process is to stop. */
  | { kind: 'postponed'; attempt: number; delayMs: number; code: ErrorCode | null };

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
