import {
  SegmentEncryptor,
  fileAad,
  generateDek,
  unwrapDek,
  wrapDek,
  type DekContext,
} from '@waybill/core/crypto';
import { Keyring, type WrappedDek } from '@waybill/platform/keyring';
import type { ObjectStore } from '@waybill/platform/storage';
import type { SealedFile } from '../vault';

/** A keyring of one key that lives as long as the test. */
export class MemoryKeyring extends Keyring {
  private readonly kek = generateDek();

  async primaryId(): Promise<string> {
    return 'test';
  }

  async wrap(dek: Uint8Array, context: DekContext): Promise<WrappedDek> {
    return { kekId: 'test', wrapped: wrapDek(this.kek, 'test', dek, context) };
  }

  async unwrap({ kekId, wrapped }: WrappedDek, context: DekContext): Promise<Buffer> {
    return unwrapDek(this.kek, kekId, wrapped, context);
  }
}

/** Seals bytes into a store as a worker would, and answers with what the file's row says of them. */
export async function seal(
  store: ObjectStore,
  keyring: Keyring,
  { id, plaintext, version = 1 }: { id: string; plaintext: Buffer; version?: number },
): Promise<SealedFile & { sealedSize: number }> {
  const dek = generateDek();
  const { kekId, wrapped } = await keyring.wrap(dek, { purpose: 'file', id, version });
  const encryptor = new SegmentEncryptor({
    key: dek,
    aad: fileAad(id, version),
    plaintextBytes: plaintext.length,
  });
  const objectKey = `vault/${id}/${version}`;
  const writer = await store.create(objectKey);
  await writer.write(
    [...encryptor.update(plaintext), ...encryptor.final()].filter((chunk) => chunk.length > 0),
  );
  const { size: sealedSize } = await writer.commit();
  return {
    id,
    size: plaintext.length,
    objectKey,
    objectVersion: version,
    driver: store.driver,
    wrappedDek: wrapped,
    kekId,
    sealedSize,
  };
}
