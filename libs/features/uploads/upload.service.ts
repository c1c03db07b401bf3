import { Injectable, Logger } from '@nestjs/common';
import { generateDek, wipe } from '@waybill/core/crypto';
import { AppError, Gate, isAppError, uuidv7, type Principal } from '@waybill/core/kernel';
import { StorageUsageService } from '@waybill/features/files';
import { LiveProgress } from '@waybill/features/progress';
import { AppConfig } from '@waybill/platform/config';
import { Database, isUniqueViolation, type Tx } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { Keyring } from '@waybill/platform/keyring';
import { ObjectRegistry } from '@waybill/platform/objects';
import { ObjectStores } from '@waybill/platform/storage';
import { LeaseRenewals, type Renewed } from './lease-renewals';
import { BufferBudget } from './staging/buffer-budget';
import { stagingKey, stagingPrefix } from './staging/staging-format';
import type { SealedPart } from './staging/staging-part';
import { StagingWriter } from './staging/staging-writer';
import { RunningTransfers } from './running-transfers';
import type { UploadDoor } from './upload.entity';
import { UploadRepository, type UploadRow } from './upload.repository';
import { UploadSlots } from './upload-slots';
import { vaultPrefix } from './sealing/vault-key';

export interface BeginUpload {
  /** Chosen by the client beforehand, or made here. */
  uploadId: string | null;
  door: UploadDoor;
  fileName: string;
  extension: string;
  mediaType: string;
  category: 'document' | 'media';
  fileType: string | null;
  attributes: unknown;
  /** In bytes; an estimate or unknown (null) where the protocol does not tell. */
  totalBytes: number | null;
  /** What a tus client asks back. */
  clientMetadata?: string;
}

/** An upload as somebody adds to it. */
export interface OpenUpload {
  uploadId: string;
  /** The request that may add to it, where several can. */
  epoch: number;
  fileId: string;
  ownerId: string;
  fileName: string;
  /** The staging key; whoever opened the upload wipes it, or gives it to a writer that does. */
  dek: Buffer;
  /** The object that was registered with the upload for its first part; null where that is not sent along. */
  firstPartKey: string | null;
}

export interface WriteOptions {
  /** Parts that are durable and wait to be committed together; their objects are kept alive. */
  waiting?: SealedPart[];
}

/** Begins uploads, makes their parts count, and ends them. The doors differ; what happens to the bytes does not. */
@Injectable()
export class UploadsService {
  private readonly log = new Logger(UploadsService.name);
  private readonly budget: BufferBudget;
  /**
   * Transactions of uploads wait here for their turn, their owners taking turns, and never for a connection: those of
   * one owner wait for each other's quota anyway, and however many there are, half of the pool is left for questions.
   */
  private readonly writes: Gate;

  constructor(
    private readonly database: Database,
    private readonly uploads: UploadRepository,
    private readonly objects: ObjectRegistry,
    private readonly stores: ObjectStores,
    private readonly keyring: Keyring,
    private readonly usage: StorageUsageService,
    private readonly slots: UploadSlots,
    private readonly renewals: LeaseRenewals,
    private readonly outbox: Outbox,
    private readonly running: RunningTransfers,
    private readonly progress: LiveProgress,
    private readonly config: AppConfig,
  ) {
    this.budget = new BufferBudget(config.uploads.bufferBytes);
    this.writes = new Gate({ width: Math.ceil(config.database.poolSize / 2) });
  }

  /**
   * Whether a user has room for so many bytes, asked before any of them is read. It promises nothing: what counts is
   * charged when parts are committed.
   *
   * @throws AppError `QUOTA_EXCEEDED`
   */
  async requireRoom({ userId }: Principal, bytes: number): Promise<void> {
    await this.usage.requireRoom(userId, bytes, this.config.uploads.userQuotaBytes);
  }

  /**
   * Makes the row of an upload, and of the object for its first part, before any byte is stored. A tus upload has no
   * writer as yet: its bytes may come with other requests.
   *
   * @param together what else belongs into the transaction.
   */
  async begin(
    principal: Principal,
    request: BeginUpload,
    together?: (tx: Tx, uploadId: string) => Promise<void>,
  ): Promise<OpenUpload> {
    const uploadId = request.uploadId ?? uuidv7();
    const fileId = uuidv7();
    const ownerId = principal.userId;
    const dek = generateDek();
    const written = request.door !== 'tus';
    const firstPartKey = written ? this.newPartKey(uploadId, 0) : null;
    try {
      const { kekId, wrapped } = await this.keyring.wrap(dek, {
        purpose: 'staging',
        id: uploadId,
        version: 1,
      });
      const { uploadId: _, clientMetadata = null, ...described } = request;
      const upload = {
        ...described,
        clientMetadata,
        id: uploadId,
        fileId,
        ownerId,
        kekId,
        wrappedDek: wrapped,
      };
      const { leaseMs } = this.config;
      await this.transaction(ownerId, async (tx) => {
        const attempt = (): Promise<boolean> =>
          this.uploads.insert(tx, upload, written ? leaseMs : null, this.config.uploads.concurrency.perUser);
        await this.slots.within(ownerId, attempt, tx);
        if (firstPartKey) await this.objects.register(firstPartKey, this.stores.default.driver, leaseMs, tx);
        await this.outbox.append(tx, {
          type: 'upload.created',
          actorId: ownerId,
          ownerId,
          subjectId: uploadId,
          data: { uploadId, fileId, fileName: request.fileName },
        });
        await together?.(tx, uploadId);
      });
    } catch (error) {
      wipe(dek);
      if (!isUniqueViolation(error)) throw error;
      throw new AppError('CONFLICT', 'An upload with this id exists already.', { cause: error });
    }
    return { uploadId, epoch: 0, fileId, ownerId, fileName: request.fileName, dek, firstPartKey };
  }

  /** Opens an upload again, for the writer that its row names. The key is the caller's to wipe. */
  async open(row: UploadRow): Promise<OpenUpload> {
    if (!row.wrappedDek) throw noLongerOpen();
    const { id: uploadId, writerEpoch: epoch, fileId, ownerId, fileName } = row;
    const wrapped = { kekId: row.kekId, wrapped: row.wrappedDek };
    const dek = await this.keyring.unwrap(wrapped, { purpose: 'staging', id: uploadId, version: 1 });
    return { uploadId, epoch, fileId, ownerId, fileName, dek, firstPartKey: null };
  }

  /** A writer for an upload's bytes from `offset` on; what it takes is seen as progress. It takes the staging key over. */
  write(
    upload: OpenUpload,
    offset: number,
    on: { drain: () => void; error: (error: unknown) => void },
    { waiting }: WriteOptions = {},
  ): StagingWriter {
    const { uploadId, ownerId, dek } = upload;
    let prepared: string | null = offset === 0 ? upload.firstPartKey : null;
    const register = async (at: number): Promise<string> => {
      const key = prepared ?? this.newPartKey(uploadId, at);
      const { driver } = this.stores.default;
      if (prepared === null)
        await this.writes.pass(ownerId, () => this.objects.register(key, driver, this.config.leaseMs));
      prepared = null;
      return key;
    };
    const writer = new StagingWriter({
      uploadId,
      offset,
      dek,
      store: this.stores.default,
      budget: this.budget,
      partBytes: this.config.uploads.partBytes,
      partMs: this.config.uploads.partMs,
      leaseMs: this.config.leaseMs,
      onDrain: on.drain,
      onError: on.error,
      ledger: {
        register,
        renew: (keys) => {
          const held = waiting?.map((part) => part.key) ?? [];
          return this.renew(upload, [...(prepared === null ? [] : [prepared]), ...held, ...keys]);
        },
        commit: async (part) => void (waiting ? waiting.push(part) : await this.commit(upload, part)),
      },
      onEnd: () => unfollow(),
    });
    const unfollow = this.progress.follow(uploadId, 'transfer', () => writer.taken);
    return writer;
  }

  /**
   * Makes durable parts part of the upload, in the order of their bytes: all of them, or none.
   *
   * @param leaves whether the writer gives up his place with them.
   */
  async commit(
    upload: OpenUpload,
    parts: SealedPart | readonly SealedPart[],
    { leaves = false } = {},
  ): Promise<void> {
    const all = [parts].flat();
    await this.committing(upload.ownerId, all, (tx) =>
      this.commitParts(tx, upload, all, leaves ? null : this.config.leaseMs),
    );
  }

  /** Gives durable parts up that were never committed. */
  async giveUp(parts: readonly SealedPart[]): Promise<void> {
    for (const { key } of parts) await this.objects.withdraw(key, this.stores.default.driver);
  }

  /**
   * Commits what is left of the parts, if there is any, and with it the upload: nothing can be added afterwards.
   *
   * @param together what else belongs into the transaction.
   */
  async receive(
    upload: Omit<OpenUpload, 'dek'>,
    last: SealedPart | readonly SealedPart[] | null,
    attributes: unknown,
    together?: (tx: Tx, uploadId: string) => Promise<void>,
  ): Promise<void> {
    const { uploadId, fileId, ownerId, fileName, firstPartKey } = upload;
    const parts = [last ?? []].flat();
    await this.committing(ownerId, parts, async (tx) => {
      await this.commitParts(tx, upload, parts);
      const size = await this.uploads.receive(tx, upload, attributes, this.config.leaseMs);
      if (size === null) throw await this.notTaken(uploadId, tx);
      // A file without a byte has no part, so the object that was registered for it will never be.
      if (size === 0 && firstPartKey)
        await this.objects.withdraw(firstPartKey, this.stores.default.driver, tx);
      await this.outbox.append(tx, {
        type: 'upload.received',
        actorId: ownerId,
        ownerId,
        subjectId: uploadId,
        data: { uploadId, fileId, fileName, size },
      });
      await together?.(tx, uploadId);
    });
  }

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

  /** Receives an upload whose bytes are all committed, and whose request died before it could say so. */
  async receiveLate(uploadId: string): Promise<void> {
    const row = await this.uploads.find(uploadId);
    if (row?.status !== 'uploading' || row.offsetBytes !== row.totalBytes) return;
    const { writerEpoch: epoch, fileId, ownerId, fileName, attributes } = row;
    await this.receive({ uploadId, epoch, fileId, ownerId, fileName, firstPartKey: null }, null, attributes);
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

  /** The caller's own upload. */
  async find(principal: Principal, uploadId: string): Promise<UploadRow> {
    const row = await this.uploads.findOwned(uploadId, principal.userId);
    if (!row) throw AppError.notFound();
    return row;
  }

  /** A transaction that is to make parts count. Where it is refused, they are given up at once. */
  private async committing(
    ownerId: string,
    parts: readonly SealedPart[],
    work: (tx: Tx) => Promise<void>,
  ): Promise<void> {
    try {
      await this.transaction(ownerId, work);
    } catch (error) {
      if (isAppError(error, 'GONE', 'UPLOAD_LOCKED')) await this.giveUp(parts);
      throw error;
    }
  }

  private transaction<T>(lane: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.writes.pass(lane, () => this.database.transaction(work));
  }

  private async commitParts(
    tx: Tx,
    upload: Omit<OpenUpload, 'dek'>,
    parts: readonly SealedPart[],
    leaseMs: number | null = this.config.leaseMs,
  ): Promise<void> {
    const { uploadId, ownerId } = upload;
    await this.requireStillAllowed(tx, ownerId);
    for (const part of parts) {
      const moved = await this.uploads.advance(tx, upload, part.offset, part.size, leaseMs);
      if (!moved) throw await this.notTaken(uploadId, tx);
      await this.uploads.insertPart(tx, uploadId, part.offset, part.size, part.key);
      if (!(await this.objects.publish(tx, part.key, part.sealedSize))) throw noLongerOpen();
      await this.usage.charge(tx, ownerId, part.size, this.config.uploads.userQuotaBytes);
    }
  }

  /** Why nothing more is taken from a writer: the upload has ended, or another one writes. */
  private async notTaken(uploadId: string, tx?: Tx): Promise<AppError> {
    const row = await this.uploads.find(uploadId, tx);
    return row?.status === 'uploading' ? writtenByAnother() : noLongerOpen();
  }

  private async requireStillAllowed(tx: Tx, ownerId: string): Promise<void> {
    if (!(await this.uploads.mayStillUpload(ownerId, tx))) throw noLongerAllowed();
  }

  /** Rejects only when the upload is over: a database that is away for a while is met by the next commit. */
  private async renew(upload: OpenUpload, keys: string[]): Promise<void> {
    const { uploadId, ownerId } = upload;
    let renewed: Renewed;
    try {
      renewed = await this.renewals.renew({ writer: upload, ownerId, keys });
    } catch (error) {
      this.log.warn(`Upload ${uploadId}: the lease was not renewed: ${(error as Error).message}`);
      return;
    }
    if (!renewed.open) throw await this.notTaken(uploadId);
    if (!renewed.allowed) throw noLongerAllowed();
  }

  private async endAsFailed(uploadId: string, end: (tx: Tx) => Promise<UploadRow | null>): Promise<boolean> {
    const row = await this.transaction(uploadId, async (tx) => {
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

  private newPartKey(uploadId: string, offset: number): string {
    return stagingKey(uploadId, offset, uuidv7().slice(-12));
  }
}

/** What a request hears whose user was disabled, demoted or deleted while it was sending. */
function noLongerAllowed(): AppError {
  return new AppError('FORBIDDEN', 'Your account may not upload any more.');
}

/** What a request hears whose upload was cancelled, failed or moved on while it was sending. */
function noLongerOpen(): AppError {
  return new AppError('GONE', 'The upload was ended while it was running.');
}

/** What a request hears that was overtaken by another one with the same upload. */
export function writtenByAnother(): AppError {
  return new AppError(
    'UPLOAD_LOCKED',
    'Another request adds to this upload. Ask for its offset and go on from there.',
    {
      retryAfterSeconds: 1,
    },
  );
}
