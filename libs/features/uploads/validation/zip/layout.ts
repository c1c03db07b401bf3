import { readWithin, WindowedReader, type ContentReader } from '../content-reader';
import { mismatch } from '../refusals';
import type { ZipEntry } from './entry';
import { FLAG, LOCAL_HEADER, ZIP64_SENTINEL_32 } from './signatures';

/** Signature, CRC-32 and two sizes of eight bytes (APPNOTE 4.3.9); the shorter forms fit too. */
const MAX_DATA_DESCRIPTOR = 24;

/**
 * Walks the local headers in the order in which they lie and answers where each entry's data begin.
 *
 * The entries must fill the archive from its first byte to its directory, without overlapping (the trick of the
 * densest bombs) and without gaps (where another file could hide), and each local header must tell the same as the
 * directory, since some readers believe the one and some the other.
 */
export async function checkLayout(
  reader: ContentReader,
  entries: readonly ZipEntry[],
  directoryOffset: number,
): Promise<Map<ZipEntry, number>> {
  const window = new WindowedReader(reader);
  const dataOffsets = new Map<ZipEntry, number>();
  let end = 0;
  let slack = 0;
  const requireNoGap = (next: number): void => {
    if (next < end) throw mismatch('Entries of the archive overlap.');
    if (next > end + slack) throw mismatch('The archive holds bytes that belong to none of its entries.');
  };

  for (const entry of entries.toSorted((a, b) => a.headerOffset - b.headerOffset)) {
    requireNoGap(entry.headerOffset);
    const { dataOffset, hasDescriptor } = await readLocalHeader(window, entry);
    dataOffsets.set(entry, dataOffset);
    end = dataOffset + entry.compressedSize;
    slack = hasDescriptor ? MAX_DATA_DESCRIPTOR : 0;
  }
  requireNoGap(directoryOffset);
  return dataOffsets;
}

async function readLocalHeader(
  reader: ContentReader,
  entry: ZipEntry,
): Promise<{ dataOffset: number; hasDescriptor: boolean }> {
  const header = await readWithin(reader, entry.headerOffset, LOCAL_HEADER.size);
  if (header.readUInt32LE(0) !== LOCAL_HEADER.signature) {
    throw mismatch('The archive contradicts itself about where its entries are.');
  }
  const flags = header.readUInt16LE(6);
  const nameLength = header.readUInt16LE(26);
  const extraLength = header.readUInt16LE(28);
  const name = await readWithin(reader, entry.headerOffset + LOCAL_HEADER.size, nameLength);
  const hasDescriptor = ((flags | entry.flags) & FLAG.dataDescriptor) !== 0;

  const agrees =
    name.equals(entry.nameBytes) &&
    header.readUInt16LE(8) === entry.method &&
    (flags & FLAG.encrypted) === 0 &&
    sizeAgrees(header.readUInt32LE(18), entry.compressedSize, hasDescriptor) &&
    sizeAgrees(header.readUInt32LE(22), entry.uncompressedSize, hasDescriptor);
  if (!agrees) throw mismatch('The archive contradicts itself about its entries.');
  return { dataOffset: entry.headerOffset + LOCAL_HEADER.size + nameLength + extraLength, hasDescriptor };
}

/** A local size may be left to the descriptor behind the data, or to a ZIP64 field. */
function sizeAgrees(local: number, listed: number, hasDescriptor: boolean): boolean {
  return local === listed || local === ZIP64_SENTINEL_32 || (local === 0 && hasDescriptor);
}
