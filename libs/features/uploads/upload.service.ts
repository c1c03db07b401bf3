import { Injectable, Logger } from '@nestjs/common';
import { generateDek, wipe } from '@waybill/core/crypto';
import { AppError, isAppError, uuidv7, type Principal } from '@waybill/core/kernel';
import { StorageUsageService, quotaExceeded } from '@waybill/features/files';
import { LiveProgress } from '@waybill/features/progress';
import { AppConfig } from '@waybill/platform/config';
import { isUniqueViolation, type Tx } from '@waybill/platform/database';
import { Keyring } from '@waybill/platform/keyring';
import { ObjectRegistry } from '@waybill/platform/objects';
import { ObjectStores } from '@waybill/platform/storage';
import { LeaseRenewals, type Renewed } from './lease-renewals';
import { PartCommitRepository, type PartCommit, type PartCommitOutcome } from './part-commit.repository';
import { BufferBudget } from './staging/buffer-budget';
import { RegisteredParts } from './staging/registered-parts';
import { newStagingKey } from './staging/staging-format';
import type { SealedPart } from './staging/staging-part';
import { StagingWriter } from './staging/staging-writer';
import type { UploadDoor } from './upload.entity';
import { noLongerAllowed, noLongerOpen, writtenByAnother } from './upload.errors';
import { UploadRepository, type UploadRow } from './upload.repository';
import { UploadSlots } from './upload-slots';
import { UploadWrites } from './upload-writes';

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

/** What somebody needs to know of an upload to add to it. */
export interface UploadRef {
  uploadId: string;
  /** The request that may add to it, where several can. */
  epoch: number;
  fileId: string;
  ownerId: string;
  fileName: string;
}

/** An upload as somebody adds to it. */
export interface OpenUpload extends UploadRef {
  /** The staging key; whoever opened the upload wipes it, or gives it to a writer that does. */
  dek: Buffer;
}

export interface WriteOptions {
  /** Parts that are durable and wait to be committed together; their objects are kept alive. */
  waiting?: SealedPart[];
}

/** What an upload says of its file when its last byte has come. */
export interface ReceivedFile {
  attributes: unknown;
  /** What a medium is, where only the end of its form has said so. */
  fileType?: string | null;
}

/** Begins uploads and makes their parts count. The doors differ; what happens to the bytes does not. */
@Injectable()
export class UploadsService {
  private readonly log = new Logger(UploadsService.name);
  private readonly budget: BufferBudget;

  constructor(
    private readonly writes: UploadWrites,
    private readonly uploads: UploadRepository,
    private readonly commits: PartCommitRepository,
    private readonly registered: RegisteredParts,
    private readonly objects: ObjectRegistry,
    private readonly stores: ObjectStores,
    private readonly keyring: Keyring,
    private readonly usage: StorageUsageService,
    private readonly slots: UploadSlots,
    private readonly renewals: LeaseRenewals,
    private readonly progress: LiveProgress,
    private readonly config: AppConfig,
  ) {
    this.budget = new BufferBudget(config.uploads.bufferBytes);
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
    const { uploadId: chosen, clientMetadata = null, ...described } = request;
    const uploadId = chosen ?? uuidv7();
    const fileId = uuidv7();
    const ownerId = principal.userId;
    const dek = generateDek();
    try {
      const wrapped = await this.keyring.wrap(dek, { purpose: 'staging', id: uploadId, version: 1 });
      const key = { kekId: wrapped.kekId, wrappedDek: wrapped.wrapped };
      const upload = { ...described, ...key, clientMetadata, id: uploadId, fileId, ownerId };
      const { leaseMs } = this.config;
      const firstPart = { key: newStagingKey(uploadId), driver: this.stores.default.driver };
      const written = request.door === 'tus' ? null : { leaseMs, firstPart };
      const { perUser } = this.config.uploads.concurrency;
      const asked = performance.now();
      await this.writes.together(
        ownerId,
        (tx) => this.slots.within(ownerId, () => this.uploads.insert(upload, written, perUser, tx), tx),
        together && ((tx) => together(tx, uploadId)),
      );
      if (written) this.registered.keep(uploadId, firstPart.key, asked);
    } catch (error) {
      wipe(dek);
      if (!isUniqueViolation(error)) throw error;
      throw new AppError('CONFLICT', 'An upload with this id exists already.', { cause: error });
    }
    return { uploadId, epoch: 0, fileId, ownerId, fileName: request.fileName, dek };
  }

  /** Opens an upload again, for the writer that its row names. The key is the caller's to wipe. */
  async open(row: UploadRow): Promise<OpenUpload> {
    if (!row.wrappedDek) throw noLongerOpen();
    const { id: uploadId, writerEpoch: epoch, fileId, ownerId, fileName } = row;
    const wrapped = { kekId: row.kekId, wrapped: row.wrappedDek };
    const dek = await this.keyring.unwrap(wrapped, { purpose: 'staging', id: uploadId, version: 1 });
    return { uploadId, epoch, fileId, ownerId, fileName, dek };
  }

  /** A writer for an upload's bytes from `offset` on; what it takes is seen as progress. It takes the staging key over. */
  write(
    upload: OpenUpload,
    offset: number,
    on: { drain: () => void; error: (error: unknown) => void },
    { waiting }: WriteOptions = {},
  ): StagingWriter {
    const { uploadId, dek } = upload;
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
        register: async () => this.registered.take(uploadId) ?? (await this.register(upload)),
        renew: (keys) => this.renew(upload, [...(waiting?.map((part) => part.key) ?? []), ...keys]),
        commit: async (part) => void (waiting ? waiting.push(part) : await this.commit(upload, part)),
      },
      onEnd: () => unfollow(),
    });
    const unfollow = this.progress.follow(uploadId, 'transfer', () => writer.taken);
    return writer;
  }

  /**
   * Makes durable parts part of the upload, in the order of their bytes: all of them, or none; and registers the object
   * of the part that will follow.
   *
   * @param leaves whether the writer gives up his place with them.
   */
  async commit(
    upload: UploadRef,
    parts: SealedPart | readonly SealedPart[],
    { leaves = false } = {},
  ): Promise<void> {
    const { uploadId } = upload;
    const { leaseMs } = this.config;
    const known = this.registered.peek(uploadId) !== null;
    const next = known ? null : { key: newStagingKey(uploadId), driver: this.stores.default.driver, leaseMs };
    const asked = performance.now();
    await this.commitParts(upload, [parts].flat(), { leaseMs: leaves ? null : leaseMs, next });
    if (next) this.registered.keep(uploadId, next.key, asked);
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
    upload: UploadRef,
    last: SealedPart | readonly SealedPart[] | null,
    { attributes, fileType = null }: ReceivedFile,
    together?: (tx: Tx, uploadId: string) => Promise<void>,
  ): Promise<void> {
    const { uploadId } = upload;
    // Nothing follows. A file without a byte has not even a first part.
    const registered = this.registered.take(uploadId);
    const unused = registered === null ? [] : [registered];
    await this.commitParts(
      upload,
      [last ?? []].flat(),
      { received: { attributes, fileType }, unused },
      together && ((tx) => together(tx, uploadId)),
    );
  }

  /** Receives an upload whose bytes are all committed, and whose request died before it could say so. */
  async receiveLate(uploadId: string): Promise<void> {
    const row = await this.uploads.find(uploadId);
    if (row?.status !== 'uploading' || row.offsetBytes !== row.totalBytes) return;
    const { writerEpoch: epoch, fileId, ownerId, fileName, attributes } = row;
    await this.receive({ uploadId, epoch, fileId, ownerId, fileName }, null, { attributes });
  }

  /** Makes parts count. Where that is refused, they are given up at once. */
  private async commitParts(
    upload: UploadRef,
    parts: readonly SealedPart[],
    how: Partial<PartCommit>,
    together?: (tx: Tx) => Promise<void>,
  ): Promise<void> {
    const { ownerId } = upload;
    const commit: PartCommit = {
      writer: upload,
      ownerId,
      parts,
      leaseMs: this.config.leaseMs,
      quotaBytes: this.config.uploads.userQuotaBytes,
      next: null,
      received: null,
      unused: [],
      ...how,
    };
    try {
      await this.writes.together(ownerId, (tx) => this.commits.commit(commit, tx).then(assertDone), together);
    } catch (error) {
      if (isAppError(error, 'GONE', 'UPLOAD_LOCKED')) await this.giveUp(parts);
      throw error;
    }
  }

  private async register({ uploadId, ownerId }: UploadRef): Promise<string> {
    const key = newStagingKey(uploadId);
    const { driver } = this.stores.default;
    await this.writes.pass(ownerId, () => this.objects.register(key, driver, this.config.leaseMs));
    return key;
  }

  /** Rejects only when the upload is over: a database that is away for a while is met by the next commit. */
  private async renew(upload: UploadRef, keys: string[]): Promise<void> {
    const { uploadId, ownerId } = upload;
    const next = this.registered.held(uploadId);
    let renewed: Renewed;
    try {
      const all = next === null ? keys : [...keys, next];
      renewed = await this.renewals.renew({ writer: upload, ownerId, keys: all });
    } catch (error) {
      this.log.warn(`Upload ${uploadId}: the lease was not renewed: ${(error as Error).message}`);
      return;
    }
    if (next) this.registered.renewed(uploadId, next, renewed.asked);
    if (!renewed.open) throw await this.notTaken(uploadId);
    if (!renewed.allowed) throw noLongerAllowed();
  }

  /** Why nothing more is taken from a writer: the upload has ended, or another one writes. */
  private async notTaken(uploadId: string): Promise<AppError> {
    const row = await this.uploads.find(uploadId);
    return row?.status === 'uploading' ? writtenByAnother() : noLongerOpen();
  }
}

function assertDone({ allowed, open, mine, kept, charged }: PartCommitOutcome): void {
  if (!allowed) throw noLongerAllowed();
  if (!open) throw noLongerOpen();
  if (!mine) throw writtenByAnother();
  if (!kept) throw noLongerOpen();
  if (!charged) throw quotaExceeded();
}
