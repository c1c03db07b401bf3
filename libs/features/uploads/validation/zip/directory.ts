import { readWithin, type ContentReader } from '../content-reader';
import type { ContentLimits } from '../limits';
import { mismatch, tooLarge } from '../refusals';
import { readEndRecord } from './end-record';
import { parseEntry, type ZipEntry } from './entry';
import { DIRECTORY_ENTRY } from './signatures';

export interface ZipDirectory {
  /** In the order in which they are listed. */
  entries: readonly ZipEntry[];
  /** Where the directory begins, in bytes from the archive's start. */
  offset: number;
  comment: Buffer;
}

/**
 * Reads the central directory. The limits on its entries and bytes are applied before any of it is read, and it must
 * hold exactly the entries that it is said to hold. Throws `CONTENT_MISMATCH` or `FILE_TOO_LARGE`.
 */
export async function readDirectory(reader: ContentReader, limits: ContentLimits): Promise<ZipDirectory> {
  const end = await readEndRecord(reader);
  if (end.entryCount > limits.zipEntries || end.directorySize > limits.zipDirectoryBytes) {
    throw tooLarge(`The archive lists more than ${limits.zipEntries} entries, or too much about them.`);
  }
  const directory = await readWithin(reader, end.directoryOffset, end.directorySize);
  return {
    entries: parseEntries(directory, end.entryCount),
    offset: end.directoryOffset,
    comment: end.comment,
  };
}

function parseEntries(directory: Buffer, count: number): ZipEntry[] {
  const entries: ZipEntry[] = [];
  let at = 0;
  while (entries.length < count && at + DIRECTORY_ENTRY.size <= directory.length) {
    const { entry, next } = parseEntry(directory, at);
    entries.push(entry);
    at = next;
  }
  if (at !== directory.length || entries.length !== count) {
    throw mismatch('The archive contradicts itself about the number of its entries.');
  }
  return entries;
}
