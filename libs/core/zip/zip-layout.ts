/** A file of an archive, before its bytes are looked at. */
export interface ZipEntry {
  /** As it is to be called in the archive: relative, with no directory. */
  name: string;
  /** Bytes. */
  size: number;
  /** CRC-32 of the bytes (ISO 3309). */
  crc32: number;
  modifiedAt: Date;
}

/** What stands at a place of an archive: bytes of its own, or those of one of its entries. */
export interface ZipPiece {
  /** Where it begins in the archive, and how long it is. */
  start: number;
  length: number;
  /** The bytes; null where they are those of entry number `entry`. */
  bytes: Buffer | null;
  entry: number;
}

/** Every piece of an archive, in its order; together they are all of it. */
export interface ZipLayout {
  size: number;
  pieces: ZipPiece[];
}

const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_HEADER = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const END_64_LOCATOR = 0x07064b50;

/** A field of 32 (or 16) bits says with this that the number stands in its ZIP64 form. */
const IN_ZIP64_32 = 0xffffffff;
const IN_ZIP64_16 = 0xffff;

const STORED = 0;
const UTF8_NAMES = 0x0800;
/** Version 4.5 knows ZIP64, version 2.0 all else that is used here. */
const VERSION_64 = 45;
const VERSION_20 = 20;
const MADE_ON_UNIX = 3 << 8;
/** A regular file that its owner may write and everybody read: rw-r--r--. */
const FILE_MODE = (0o100644 << 16) >>> 0;

/**
 * Where every byte of an archive stands (APPNOTE.TXT 6.3.10), computed from what is known before any file is read: stored,
 * without descriptors, ZIP64 where a number needs it. The same entries always give the same archive, so that it has a
 * strong entity tag, a length, and ranges, although it never exists as a whole.
 */
export function zipLayout(entries: readonly ZipEntry[]): ZipLayout {
  const pieces: ZipPiece[] = [];
  let at = 0;
  const put = (length: number, bytes: Buffer | null, entry: number): void => {
    if (length > 0) pieces.push({ start: at, length, bytes, entry });
    at += length;
  };
  const directory: Buffer[] = [];
  entries.forEach((entry, index) => {
    directory.push(directoryHeader(entry, at));
    const header = localHeader(entry);
    put(header.length, header, index);
    put(entry.size, null, index);
  });
  const start = at;
  const records = Buffer.concat(directory);
  const end = endRecords(entries.length, records.length, start);
  put(records.length + end.length, Buffer.concat([records, end]), -1);
  return { size: at, pieces };
}

/** 4.3.7; sizes of 4 GiB and more in the extra field of 4.5.3, where both must stand. */
function localHeader({ name, size, crc32, modifiedAt }: ZipEntry): Buffer {
  const text = Buffer.from(name, 'utf8');
  const large = size >= IN_ZIP64_32;
  const header = Buffer.alloc(30);
  header.writeUInt32LE(LOCAL_HEADER, 0);
  header.writeUInt16LE(large ? VERSION_64 : VERSION_20, 4);
  header.writeUInt16LE(UTF8_NAMES, 6);
  header.writeUInt16LE(STORED, 8);
  writeTime(header, 10, modifiedAt);
  header.writeUInt32LE(crc32 >>> 0, 14);
  header.writeUInt32LE(large ? IN_ZIP64_32 : size, 18);
  header.writeUInt32LE(large ? IN_ZIP64_32 : size, 22);
  header.writeUInt16LE(text.length, 26);
  const extra = large ? zip64([size, size]) : Buffer.alloc(0);
  header.writeUInt16LE(extra.length, 28);
  return Buffer.concat([header, text, extra]);
}

/** 4.3.12. */
function directoryHeader({ name, size, crc32, modifiedAt }: ZipEntry, offset: number): Buffer {
  const text = Buffer.from(name, 'utf8');
  const large = size >= IN_ZIP64_32;
  const far = offset >= IN_ZIP64_32;
  const header = Buffer.alloc(46);
  header.writeUInt32LE(DIRECTORY_HEADER, 0);
  header.writeUInt16LE(MADE_ON_UNIX | VERSION_64, 4);
  header.writeUInt16LE(large || far ? VERSION_64 : VERSION_20, 6);
  header.writeUInt16LE(UTF8_NAMES, 8);
  header.writeUInt16LE(STORED, 10);
  writeTime(header, 12, modifiedAt);
  header.writeUInt32LE(crc32 >>> 0, 16);
  header.writeUInt32LE(large ? IN_ZIP64_32 : size, 20);
  header.writeUInt32LE(large ? IN_ZIP64_32 : size, 24);
  header.writeUInt16LE(text.length, 28);
  const extra = zip64([...(large ? [size, size] : []), ...(far ? [offset] : [])]);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt32LE(FILE_MODE, 38);
  header.writeUInt32LE(far ? IN_ZIP64_32 : offset, 42);
  return Buffer.concat([header, text, extra]);
}

/** 4.3.14 to 4.3.16. */
function endRecords(count: number, size: number, start: number): Buffer {
  const large = count >= IN_ZIP64_16 || size >= IN_ZIP64_32 || start >= IN_ZIP64_32;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(large ? IN_ZIP64_16 : count, 8);
  end.writeUInt16LE(large ? IN_ZIP64_16 : count, 10);
  end.writeUInt32LE(large ? IN_ZIP64_32 : size, 12);
  end.writeUInt32LE(large ? IN_ZIP64_32 : start, 16);
  if (!large) return end;

  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(END_64, 0);
  end64.writeBigUInt64LE(44n, 4);
  end64.writeUInt16LE(MADE_ON_UNIX | VERSION_64, 12);
  end64.writeUInt16LE(VERSION_64, 14);
  end64.writeBigUInt64LE(BigInt(count), 24);
  end64.writeBigUInt64LE(BigInt(count), 32);
  end64.writeBigUInt64LE(BigInt(size), 40);
  end64.writeBigUInt64LE(BigInt(start), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(END_64_LOCATOR, 0);
  locator.writeBigUInt64LE(BigInt(start + size), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([end64, locator, end]);
}

/** 4.5.3: the numbers that do not fit into their fields, in the order of those. */
function zip64(numbers: readonly number[]): Buffer {
  if (numbers.length === 0) return Buffer.alloc(0);
  const extra = Buffer.alloc(4 + 8 * numbers.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * numbers.length, 2);
  numbers.forEach((number, index) => extra.writeBigUInt64LE(BigInt(number), 4 + 8 * index));
  return extra;
}

/** 4.4.6, in UTC: to two seconds, and from 1980 to 2107. */
function writeTime(header: Buffer, at: number, time: Date): void {
  const year = Math.min(2107, Math.max(1980, time.getUTCFullYear()));
  header.writeUInt16LE(
    (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5) | (time.getUTCSeconds() >> 1),
    at,
  );
  header.writeUInt16LE(((year - 1980) << 9) | ((time.getUTCMonth() + 1) << 5) | time.getUTCDate(), at + 2);
}
