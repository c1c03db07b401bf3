import { readTail, readWithin, type ContentReader } from '../content-reader';
import { mismatch } from '../refusals';
import {
  END_RECORD,
  ZIP64_END_RECORD,
  ZIP64_LOCATOR,
  ZIP64_SENTINEL_16,
  ZIP64_SENTINEL_32,
} from './signatures';

/** Where an archive keeps its central directory. */
export interface EndRecord {
  entryCount: number;
  directoryOffset: number;
  directorySize: number;
  comment: Buffer;
}

const END_SIGNATURE = Buffer.from('PK\x05\x06', 'latin1');

/**
 * Reads the end of central directory record, and its ZIP64 form where there is one (APPNOTE 4.3.14 to 4.3.16).
 *
 * Readers differ in what they do with an archive that is followed by something, or whose two end records disagree;
 * here there is one reading or none. The directory must end where the end record begins, which must end where the file
 * does.
 */
export async function readEndRecord(reader: ContentReader): Promise<EndRecord> {
  const tail = await readTail(reader, END_RECORD.size + END_RECORD.maxComment);
  const at = tail.lastIndexOf(END_SIGNATURE);
  if (at === -1 || at + END_RECORD.size > tail.length) {
    throw mismatch('The file is not a ZIP archive, or it is truncated.');
  }
  const record = tail.subarray(at);
  const comment = record.subarray(END_RECORD.size);
  if (record.readUInt16LE(20) !== comment.length) throw mismatch('Something follows the end of the archive.');

  const position = reader.size - record.length;
  const plain = {
    disk: record.readUInt16LE(4),
    directoryDisk: record.readUInt16LE(6),
    entriesOnDisk: record.readUInt16LE(8),
    entryCount: record.readUInt16LE(10),
    directorySize: record.readUInt32LE(12),
    directoryOffset: record.readUInt32LE(16),
  };
  const large = await readZip64EndRecord(reader, position);
  if (large) requireAgreement(plain, large.fields);
  const { disk, directoryDisk, entriesOnDisk, entryCount, directorySize, directoryOffset } =
    large?.fields ?? plain;

  if (disk !== 0 || directoryDisk !== 0 || entriesOnDisk !== entryCount) {
    throw mismatch('The archive is one part of several.');
  }
  if (directoryOffset + directorySize !== (large?.position ?? position)) {
    throw mismatch('The directory of the archive is not where it is said to be.');
  }
  return { entryCount, directoryOffset, directorySize, comment };
}

type EndFields = Record<
  'disk' | 'directoryDisk' | 'entriesOnDisk' | 'entryCount' | 'directorySize' | 'directoryOffset',
  number
>;

async function readZip64EndRecord(
  reader: ContentReader,
  endRecordAt: number,
): Promise<{ position: number; fields: EndFields } | null> {
  const locatorAt = endRecordAt - ZIP64_LOCATOR.size;
  if (locatorAt < ZIP64_END_RECORD.size) return null;
  const locator = await readWithin(reader, locatorAt, ZIP64_LOCATOR.size);
  if (locator.readUInt32LE(0) !== ZIP64_LOCATOR.signature) return null;

  const position = readUInt64(locator, 8);
  const record = await readWithin(reader, position, ZIP64_END_RECORD.size);
  // The size counts what follows it: everything but signature and size themselves.
  if (
    record.readUInt32LE(0) !== ZIP64_END_RECORD.signature ||
    position + 12 + readUInt64(record, 4) !== locatorAt
  ) {
    throw mismatch('The archive is damaged.');
  }
  return {
    position,
    fields: {
      disk: record.readUInt32LE(16),
      directoryDisk: record.readUInt32LE(20),
      entriesOnDisk: readUInt64(record, 24),
      entryCount: readUInt64(record, 32),
      directorySize: readUInt64(record, 40),
      directoryOffset: readUInt64(record, 48),
    },
  };
}

/** Each field of the old record either refers to the new one or says the same. */
function requireAgreement(plain: EndFields, large: EndFields): void {
  for (const [field, value] of Object.entries(plain) as [keyof EndFields, number][]) {
    const is32Bit = field === 'directorySize' || field === 'directoryOffset';
    const refers = value === (is32Bit ? ZIP64_SENTINEL_32 : ZIP64_SENTINEL_16);
    if (!refers && value !== large[field])
      throw mismatch('The archive contradicts itself about its directory.');
  }
}

/** A 64-bit field; what does not fit a safe integer fits no file either. */
export function readUInt64(buffer: Buffer, offset: number): number {
  const value = Number(buffer.readBigUInt64LE(offset));
  if (!Number.isSafeInteger(value)) throw mismatch('The archive is damaged.');
  return value;
}
