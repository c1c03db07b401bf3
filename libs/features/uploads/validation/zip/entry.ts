import { mismatch } from '../refusals';
import { readUInt64 } from './end-record';
import { DIRECTORY_ENTRY, FLAG, ZIP64_SENTINEL_16, ZIP64_SENTINEL_32 } from './signatures';

/** One entry as the central directory tells it (APPNOTE 4.3.12). */
export interface ZipEntry {
  name: string;
  /** A second name, in an extra field that only some readers heed (Info-ZIP Unicode Path, APPNOTE 4.6.9). */
  otherName: string | null;
  /** The name's bytes, as the local header must repeat them. */
  nameBytes: Buffer;
  flags: number;
  method: number;
  compressedSize: number;
  /** Declared; nothing but inflating would prove it. */
  uncompressedSize: number;
  headerOffset: number;
  /** Unix file type and permissions; 0 where the archiver knows none. */
  mode: number;
}

const EXTRA = { zip64: 0x0001, unicodePath: 0x7075 } as const;
/** Behind a version and the CRC-32 of the first name. */
const UNICODE_PATH_NAME_AT = 5;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Parses the entry at `offset` of the directory and says where the next one begins. */
export function parseEntry(directory: Buffer, offset: number): { entry: ZipEntry; next: number } {
  const nameAt = offset + DIRECTORY_ENTRY.size;
  if (nameAt > directory.length || directory.readUInt32LE(offset) !== DIRECTORY_ENTRY.signature)
    throw damaged();
  const extraAt = nameAt + directory.readUInt16LE(offset + 28);
  const commentAt = extraAt + directory.readUInt16LE(offset + 30);
  const next = commentAt + directory.readUInt16LE(offset + 32);
  if (next > directory.length) throw damaged();

  const flags = directory.readUInt16LE(offset + 8);
  const nameBytes = directory.subarray(nameAt, extraAt);
  const extra = parseExtra(directory.subarray(extraAt, commentAt));
  return {
    next,
    entry: {
      name: decodeName(nameBytes, flags),
      otherName: extra.get(EXTRA.unicodePath)?.toString('utf8', UNICODE_PATH_NAME_AT) ?? null,
      nameBytes,
      flags,
      method: directory.readUInt16LE(offset + 10),
      ...sizes(directory, offset, extra),
      mode: directory.readUInt16LE(offset + 40),
    },
  };
}

/** Sizes and offset, each in its ZIP64 field where the 32-bit one refers there (APPNOTE 4.5.3). */
function sizes(
  directory: Buffer,
  offset: number,
  extra: Map<number, Buffer>,
): Pick<ZipEntry, 'compressedSize' | 'uncompressedSize' | 'headerOffset'> {
  const large = extra.get(EXTRA.zip64) ?? Buffer.alloc(0);
  let used = 0;
  const resolve = (value: number): number => {
    if (value !== ZIP64_SENTINEL_32) return value;
    if (used + 8 > large.length) throw damaged();
    used += 8;
    return readUInt64(large, used - 8);
  };
  // The order of the fields in the extra record.
  const uncompressedSize = resolve(directory.readUInt32LE(offset + 24));
  const compressedSize = resolve(directory.readUInt32LE(offset + 20));
  const headerOffset = resolve(directory.readUInt32LE(offset + 42));
  const disk = directory.readUInt16LE(offset + 34);
  if (disk !== 0 && disk !== ZIP64_SENTINEL_16) throw mismatch('The archive is one part of several.');
  return { compressedSize, uncompressedSize, headerOffset };
}

/** Extra fields by id. Of two that matter with one id, readers take the first or the last: neither is trusted. */
function parseExtra(extra: Buffer): Map<number, Buffer> {
  const fields = new Map<number, Buffer>();
  // Up to three bytes that cannot hold a field are padding: some archivers align with them.
  for (let at = 0; at + 4 <= extra.length;) {
    const id = extra.readUInt16LE(at);
    const end = at + 4 + extra.readUInt16LE(at + 2);
    const isTwice = fields.has(id) && (id === EXTRA.zip64 || id === EXTRA.unicodePath);
    if (end > extra.length || isTwice) throw damaged();
    fields.set(id, extra.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

/** UTF-8 where the entry says so; otherwise byte by byte, which keeps apart what differs and leaves ASCII readable. */
function decodeName(bytes: Buffer, flags: number): string {
  if ((flags & FLAG.utf8) === 0) return bytes.toString('latin1');
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw mismatch('An entry of the archive has a name that is not UTF-8.', cause);
  }
}

function damaged(): Error {
  return mismatch('The directory of the archive is damaged.');
}
