import { Injectable, Logger } from '@nestjs/common';
import { fileAad, generateDek, wipe } from '@waybill/core/crypto';
import { AppError, isAppError, type ErrorCode } from '@waybill/core/kernel';
import { LiveProgress } from '@waybill/features/progress';
import { AppConfig } from '@waybill/platform/config';
import { Database } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { Keyring } from '@waybill/platform/keyring';
import { ObjectRegistry } from '@waybill/platform/objects';
import { ObjectStores } from '@waybill/platform/storage';
import { StagingService } from '../staging/staging.service';
import { RunningTransfers } from '../running-transfers';
import { UploadRepository, type UploadRow } from '../upload.repository';
import { sealContent } from './sealer';
import { Publications } from './publications';
import { SealingClaims, type ClaimedUpload } from './sealing-claims';
import { SealingRepository } from './sealing.repository';
import { Superseded } from './superseded';
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

/**
 * Turns what was received into a file: claims the upload for an attempt, seals its bytes into the vault, and publishes
 * them with one commit that only the newest attempt can win. Until then nobody sees anything; afterwards staging is
 * dead.
 */
@Injectable()
export class SealingService {
  private readonly log = new Logger(SealingService.name);

  constructor(
    private readonly database: Database,
    private readonly uploads: UploadRepository,
    private readonly sealings: SealingRepository,
    private readonly claims: SealingClaims,
    private readonly publications: Publications,
    private readonly staging: StagingService,
    private readonly objects: ObjectRegistry,
    private readonly stores: ObjectStores,
    private readonly keyring: Keyring,
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
    const cancelled = new AbortController();
    // Before the claim: whoever cancels after it is heard, and before it, there is nothing to claim.
    const notStoppable = this.running.add(uploadId, () => cancelled.abort(new Superseded()));
    try {
      const claimed = await this.claims.take(uploadId, lastAttempt);
      if (claimed === null) return { kind: 'not-due' };
      if (claimed.upload.deaths >= DEATHS_PER_ATTEMPT * this.config.sealing.attempts)
        return await this.recordFailure(claimed.upload, new FatalContent(), false);
      return await this.sealUnderLease(claimed, signal, cancelled.signal);
    } finally {
      notStoppable();
    }
  }

  private async sealUnderLease(
    claimed: ClaimedUpload,
    stopping: AbortSignal,
    cancelled: AbortSignal,
  ): Promise<SealingOutcome> {
    const { upload } = claimed;
    const lease = this.keepLease(upload, [stopping, cancelled]);
    try {
      await this.sealClaimed(claimed, lease.signal);
      return { kind: 'completed', bytes: upload.offsetBytes };
    } catch (error) {
      return await this.recordFailure(upload, error, stopping.aborted);
    } finally {
      lease.stop();
    }
  }

  private async sealClaimed({ upload, parts }: ClaimedUpload, signal: AbortSignal): Promise<void> {
    const { fileId, attempt } = upload;
    const objectKey = vaultKey(fileId, attempt);
    const writer = await this.stores.default.create(objectKey);
    const dek = generateDek();
    const sealed = { bytes: 0 };
    const unfollow = this.progress.follow(upload.id, 'sealing', () => sealed.bytes);
    try {
      const aad = fileAad(fileId, attempt);
      const content = await this.staging.readingParts(upload, parts, (reader) =>
        sealContent(reader, writer, { dek, aad }, signal, (bytes) => (sealed.bytes += bytes)),
      );
      const key = await this.keyring.wrap(dek, { purpose: 'file', id: fileId, version: attempt });
      const { kekId, wrapped: wrappedDek } = key;
      await this.publications.publish({ upload, objectKey, ...content, kekId, wrappedDek });
    } catch (error) {
      await writer.abort();
      throw error;
    } finally {
      wipe(dek);
      unfollow();
    }
  }

  /** Renews the lease while the sealing runs, and stops the sealing when the lease is lost, or one of the others says so. */
  private keepLease(
    { id, fileId, attempt }: UploadRow,
    others: AbortSignal[],
  ): { signal: AbortSignal; stop: () => void } {
    const lost = new AbortController();
    const key = vaultKey(fileId, attempt);
    const renew = async (): Promise<void> => {
      const mine = await this.sealings.renew(id, attempt, this.config.leaseMs);
      if (!mine) return lost.abort(new Superseded());
      await this.objects.renew([key], this.config.leaseMs);
    };
    const timer = setInterval(
      () => {
        // The database may be away for a while: the commit decides, not the heartbeat.
        renew().catch((error: Error) =>
          this.log.warn(`Upload ${id}: the lease was not renewed: ${error.message}`),
        );
      },
      Math.min(this.config.leaseMs / 4, RENEW_MS),
    );
    return { signal: AbortSignal.any([lost.signal, ...others]), stop: () => clearInterval(timer) };
  }

  private async recordFailure(upload: UploadRow, error: unknown, stopping: boolean): Promise<SealingOutcome> {
    const { attempt } = upload;
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
