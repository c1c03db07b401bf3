import { Injectable } from '@nestjs/common';
import { wipe } from '@waybill/core/crypto';
import { AppError } from '@waybill/core/kernel';
import { Keyring } from '@waybill/platform/keyring';
import { ObjectStores } from '@waybill/platform/storage';
import { UploadRepository, type PartRow, type UploadRow } from '../upload.repository';
import { StagingReader } from './staging-reader';

/** Opens what was staged, for those who check and seal it. */
@Injectable()
export class StagingService {
  constructor(
    private readonly uploads: UploadRepository,
    private readonly keyring: Keyring,
    private readonly stores: ObjectStores,
  ) {}

  /** Lends a reader over an upload's bytes for as long as `work` takes; closes it and wipes the key afterwards. */
  async reading<T>(upload: UploadRow, work: (reader: StagingReader) => Promise<T>): Promise<T> {
    return this.readingParts(upload, await this.uploads.parts(upload.id), work);
  }

  /** The same, where its parts are known. */
  async readingParts<T>(
    upload: UploadRow,
    parts: readonly PartRow[],
    work: (reader: StagingReader) => Promise<T>,
  ): Promise<T> {
    if (!upload.wrappedDek) throw new AppError('GONE', 'The bytes of this upload are gone.');
    const wrapped = { kekId: upload.kekId, wrapped: upload.wrappedDek };
    const dek = await this.keyring.unwrap(wrapped, { purpose: 'staging', id: upload.id, version: 1 });
    try {
      const reader = new StagingReader(upload.id, dek, parts, this.stores);
      try {
        return await work(reader);
      } finally {
        await reader.close();
      }
    } finally {
      wipe(dek);
    }
  }
}
