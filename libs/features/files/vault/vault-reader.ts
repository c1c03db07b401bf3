import { Injectable } from '@nestjs/common';
import {
  AES256_GCM_HKDF_1MB,
  SegmentDecryptor,
  createSha256,
  fileAad,
  sealedSize,
  segmentRange,
  segmentsForRange,
  wipe,
  type ByteRange,
} from '@waybill/core/crypto';
import { AppError, releaseMemory } from '@waybill/core/kernel';
import { Keyring } from '@waybill/platform/keyring';
import { ObjectStores, type ExpectedRange, type ObjectReader } from '@waybill/platform/storage';
import { BufferPool } from './buffer-pool';
import { VaultObject } from './vault-object';

/** What a file's row says of its sealed bytes; the bytes themselves are believed in nothing. */
export interface SealedFile {
  id: string;
  /** Bytes of plaintext. */
  size: number;
  objectKey: string;
  objectVersion: number;
  /** The store that holds the object. */
  driver: string;
  wrappedDek: Buffer;
  kekId: string;
}

/** Opens what was sealed. */
@Injectable()
export class VaultReader {
  /** For whole files, of which the caller reads few at a time. */
  private readonly pool = new BufferPool(8);

  constructor(
    private readonly keyring: Keyring,
    private readonly stores: ObjectStores,
  ) {}

  /**
   * Opens the object of a file, after its size was found to be the one that the row implies; an empty file is verified
   * whole. The caller closes it.
   *
   * @param range what is going to be read of the plaintext: a hint to stores that fetch ahead.
   * @throws AppError `INTEGRITY_FAILURE` (as `ObjectMissing` where there is no object), `KEY_UNAVAILABLE`,
   * `DEPENDENCY_UNAVAILABLE`.
   */
  async open(file: SealedFile, range: ByteRange = { start: 0, end: file.size }): Promise<VaultObject> {
    const sealedBytes = sealedSize(file.size);
    const dek = await this.keyring.unwrap(
      { kekId: file.kekId, wrapped: file.wrappedDek },
      { purpose: 'file', id: file.id, version: file.objectVersion },
    );
    try {
      const reader = await this.stores.of(file.driver).open(file.objectKey, sealedRange(range, sealedBytes));
      try {
        if (reader.size !== sealedBytes) throw sizeMismatch();
        const object = new VaultObject(reader, await openDecryptor(reader, dek, file));
        if (file.size === 0) await object.verifyEmpty();
        return object;
      } catch (error) {
        await reader.close();
        throw error;
      }
    } finally {
      wipe(dek);
    }
  }

  /**
   * Reads a file from end to end and tells the SHA-256 of its plaintext. Throws like {@link open}: what returns was
   * verified.
   */
  async digest(file: SealedFile): Promise<Buffer> {
    const object = await this.open(file);
    const feed = object.read({ start: 0, end: object.size }, this.pool);
    const hash = createSha256();
    try {
      for (let chunks = await feed.next(); chunks !== null; chunks = await feed.next()) {
        for (const chunk of chunks) {
          hash.update(chunk);
          releaseMemory(chunk);
        }
      }
      return hash.digest();
    } finally {
      await feed.close();
      await object.close();
    }
  }
}

async function openDecryptor(reader: ObjectReader, dek: Buffer, file: SealedFile): Promise<SegmentDecryptor> {
  const header = Buffer.allocUnsafe(AES256_GCM_HKDF_1MB.headerBytes);
  await reader.read(header, 0);
  const aad = fileAad(file.id, file.objectVersion);
  return SegmentDecryptor.open({ key: dek, aad, header, sealedBytes: sealedSize(file.size) });
}

function sealedRange(range: ByteRange, sealedBytes: number): ExpectedRange {
  const { first, end } = segmentsForRange(range);
  const start = segmentRange(first, sealedBytes).start;
  return { start, end: end > first ? segmentRange(end - 1, sealedBytes).end : sealedBytes };
}

function sizeMismatch(): AppError {
  return new AppError('INTEGRITY_FAILURE', 'The stored bytes have not the size that they were sealed with.');
}
