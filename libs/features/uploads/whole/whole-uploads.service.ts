import { Injectable } from '@nestjs/common';
import { generateDek, wipe } from '@waybill/core/crypto';
import { uuidv7, type Principal } from '@waybill/core/kernel';
import { SharedStatement } from '@waybill/platform/database';
import { classify } from '@waybill/platform/http';
import { Keyring } from '@waybill/platform/keyring';
import { ObjectRegistry } from '@waybill/platform/objects';
import { ObjectStores } from '@waybill/platform/storage';
import { stagingMemory } from '../staging/buffer-budget';
import { StagingPart, type SealedPart } from '../staging/staging-part';
import { UploadEndings } from '../upload-endings.service';
import type { BeginUpload } from '../upload.service';
import type { UploadRow } from '../upload.repository';
import { UploadWrites } from '../upload-writes';
import { ReservedUploads, type ReservedUpload } from './reserved-uploads';
import { WholeUploadRepository, type WholeUpload } from './whole-upload.repository';

/** How many uploads share a commit. */
const MOST_TOGETHER = 64;

/** An upload whose bytes are all there, and were found to be what they should be. */
export type ReceivedUpload = Pick<
  UploadRow,
  'fileId' | 'fileName' | 'fileType' | 'offsetBytes' | 'status'
> & {
  uploadId: string;
};

/**
 * Takes small files that have come whole, and whose content was checked, before anything was written of them: one object,
 * and then one commit, which all share who come at about the same time.
 *
 * As with any other upload the object is registered before its first byte, and durable before the commit; nobody is
 * answered before that.
 */
@Injectable()
export class WholeUploads {
  private readonly commits: SharedStatement<WholeUpload, boolean>;
  private readonly memory = stagingMemory();

  constructor(
    private readonly reserved: ReservedUploads,
    private readonly repository: WholeUploadRepository,
    private readonly endings: UploadEndings,
    private readonly objects: ObjectRegistry,
    private readonly stores: ObjectStores,
    private readonly keyring: Keyring,
    private readonly writes: UploadWrites,
  ) {
    this.commits = new SharedStatement((uploads) => this.commit(uploads), MOST_TOGETHER);
  }

  /**
   * Null where this upload cannot be taken so: whoever begins and writes it as any other is told why, or gets it done.
   *
   * @param content the bytes, which are not checked here.
   */
  async receive(
    { userId }: Principal,
    request: Omit<BeginUpload, 'uploadId' | 'totalBytes'>,
    content: readonly Buffer[],
  ): Promise<ReceivedUpload | null> {
    const reserved = await this.reserved.take();
    const { uploadId, key } = reserved;
    const dek = generateDek();
    try {
      const { kekId, wrapped } = await this.keyring.wrap(dek, {
        purpose: 'staging',
        id: uploadId,
        version: 1,
      });
      const part = await this.store(reserved, dek, content);
      const fileId = uuidv7();
      const received = await this.commits.ask({
        ...request,
        id: uploadId,
        fileId,
        ownerId: userId,
        sizeBytes: part.size,
        wrappedDek: wrapped,
        kekId,
        objectKey: key,
        sealedSize: part.sealedSize,
        createdEvent: uuidv7(),
        receivedEvent: uuidv7(),
      });
      if (!received) {
        await this.objects.withdraw(key, this.stores.default.driver);
        return null;
      }
      const { fileName, fileType } = request;
      return { uploadId, fileId, fileName, fileType, offsetBytes: part.size, status: 'received' };
    } catch (error) {
      // The answer to a commit may have been lost: what nobody was told of is not kept.
      await this.endings.fail(uploadId, classify(error).error.code);
      await this.objects.withdraw(key, this.stores.default.driver);
      throw error;
    } finally {
      wipe(dek);
    }
  }

  /** Makes the bytes durable. */
  private async store(
    { uploadId, key }: ReservedUpload,
    dek: Buffer,
    content: readonly Buffer[],
  ): Promise<SealedPart> {
    const writer = await this.stores.default.create(key);
    const part = new StagingPart({
      uploadId,
      offset: 0,
      key,
      dek,
      writer,
      memory: this.memory,
      onHeld: () => undefined,
      onError: () => undefined, // `seal` tells it as well.
    });
    try {
      for (const chunk of content) part.append(chunk);
      return await part.seal();
    } catch (error) {
      await part.abort();
      throw error;
    }
  }

  private async commit(uploads: readonly WholeUpload[]): Promise<boolean[]> {
    // A lane of their own: they wait as one, whoever owns them.
    const received = await this.writes.pass('whole', () => this.repository.receive(uploads));
    return uploads.map(({ id }) => received.has(id));
  }
}
