import {
  AES256_GCM_HKDF_1MB,
  SegmentDecryptor,
  createSha256,
  sealedSize,
  type SegmentFormat,
} from '@waybill/core/crypto';
import { isAppError } from '@waybill/core/kernel';
import { ObjectMissing, type ObjectReader, type ObjectStore } from '@waybill/platform/storage';
import type { FindingCode } from './finding';

/** An object as the rows describe it. */
export interface SealedObject {
  store: ObjectStore;
  key: string;
  /** Bytes of ciphertext that the plaintext's size implies. */
  sealedBytes: number;
}

/** What opens it. */
export interface Opening {
  dek: Buffer;
  aad: Buffer;
  format: SegmentFormat;
}

export interface Flaw {
  code: FindingCode;
  detail: string;
}

/** One page of plaintext and two of ciphertext: one is decrypted while the next is read. */
export class SegmentBuffers {
  readonly plaintext = Buffer.allocUnsafeSlow(AES256_GCM_HKDF_1MB.segmentSize);
  private readonly sealed = [0, 1].map(() => Buffer.allocUnsafeSlow(AES256_GCM_HKDF_1MB.segmentSize));

  forSegment(index: number, bytes: number): Buffer {
    return this.sealed[index % 2]!.subarray(0, bytes);
  }
}

/** The size of the object that so many bytes of plaintext make; null where no object can hold them. */
export function impliedSize(plaintextBytes: number, format?: SegmentFormat): number | null {
  try {
    return sealedSize(plaintextBytes, format);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Whether the object is there, and of its size. Reads none of it. */
export async function measureObject({ store, key, sealedBytes }: SealedObject): Promise<Flaw | null> {
  const stat = await answered(key, () => store.head(key));
  if ('flaw' in stat) return stat.flaw;
  if (stat.value === null) return missing(key);
  return stat.value.size === sealedBytes ? null : otherSize(key, stat.value.size, sealedBytes);
}

/**
 * Reads and decrypts all of an object, up to its first flaw.
 *
 * @returns the SHA-256 of its plaintext, or what is wrong.
 */
export async function verifyObject(
  object: SealedObject,
  opening: Opening,
  buffers: SegmentBuffers,
): Promise<{ sha256: Buffer } | { flaw: Flaw }> {
  const { store, key, sealedBytes } = object;
  const opened = await answered(key, () => store.open(key, { start: 0, end: sealedBytes }));
  if ('flaw' in opened) return opened;
  const reader = opened.value;
  try {
    if (reader.size !== sealedBytes) return { flaw: otherSize(key, reader.size, sealedBytes) };
    const digest = await answered(key, () => decryptAll(reader, opening, buffers));
    return 'flaw' in digest ? digest : { sha256: digest.value };
  } finally {
    await reader.close();
  }
}

async function decryptAll(reader: ObjectReader, opening: Opening, buffers: SegmentBuffers): Promise<Buffer> {
  const { dek: key, aad, format } = opening;
  const header = Buffer.alloc(format.headerBytes);
  await reader.read(header, 0);
  const decryptor = SegmentDecryptor.open({ key, aad, header, sealedBytes: reader.size, format });
  const hash = createSha256();
  const read = async (index: number): Promise<Buffer> => {
    const { start, end } = decryptor.segmentRange(index);
    const sealed = buffers.forSegment(index, end - start);
    await reader.read(sealed, start);
    return sealed;
  };
  let ahead = read(0);
  try {
    for (let index = 0; index < decryptor.segmentCount; index++) {
      const sealed = await ahead;
      if (index + 1 < decryptor.segmentCount) ahead = read(index + 1);
      hash.update(decryptSegment(decryptor, index, sealed, buffers.plaintext));
    }
  } finally {
    // The buffers are used again: nothing may be under way into them, whatever ended the loop.
    await ahead.catch(() => undefined);
    decryptor.dispose();
    buffers.plaintext.fill(0);
  }
  return hash.digest();
}

class SegmentDamaged extends Error {}

function decryptSegment(decryptor: SegmentDecryptor, index: number, sealed: Buffer, into: Buffer): Buffer {
  try {
    return decryptor.decryptSegment(index, sealed, into);
  } catch (error) {
    if (!isAppError(error, 'INTEGRITY_FAILURE')) throw error;
    throw new SegmentDamaged(`segment ${index + 1} of ${decryptor.segmentCount} is not what was sealed`);
  }
}

/** The answer of the store, or the flaw of the object that keeps it from one; a second try for what may pass. */
async function answered<T>(key: string, ask: () => Promise<T>): Promise<{ value: T } | { flaw: Flaw }> {
  for (let tries = 1; ; tries++) {
    try {
      return { value: await ask() };
    } catch (error) {
      if (error instanceof ObjectMissing) return { flaw: missing(key) };
      if (error instanceof SegmentDamaged) return { flaw: damaged(key, error.message) };
      if (isAppError(error, 'INTEGRITY_FAILURE'))
        return { flaw: damaged(key, 'its header or end is not what was sealed') };
      if (!isAppError(error, 'DEPENDENCY_UNAVAILABLE')) throw error;
      if (tries === 2) return { flaw: { code: 'OBJECT_UNREADABLE', detail: `${key} cannot be read` } };
    }
  }
}

function missing(key: string): Flaw {
  return { code: 'OBJECT_MISSING', detail: `${key} is not in the store` };
}

function otherSize(key: string, found: number, expected: number): Flaw {
  return { code: 'OBJECT_SIZE', detail: `${key} has ${found} bytes instead of ${expected}` };
}

function damaged(key: string, what: string): Flaw {
  return { code: 'CONTENT_DAMAGED', detail: `${key}: ${what}` };
}
