import { readTail, readWithin, type ContentReader } from '../content-reader';
import { mismatch } from '../refusals';
import { DIRECTORY_ENTRY, END_RECORD } from './signatures';

const END_SIGNATURE = Buffer.from('PK\x05\x06', 'latin1');

/**
 * Refuses a file of another kind that is a ZIP archive as well: archivers look for the directory at a file's end and do
 * not mind what stands before it. Also where something follows the end record, which many of them tolerate.
 */
export async function refuseHiddenArchive(reader: ContentReader): Promise<void> {
  const tail = await readTail(reader, END_RECORD.size + END_RECORD.maxComment);
  const at = tail.lastIndexOf(END_SIGNATURE);
  if (at === -1 || at + END_RECORD.size > tail.length) return;
  const directorySize = tail.readUInt32LE(at + 12);
  const directoryAt = reader.size - tail.length + at - directorySize;
  if (directoryAt < 0 || directorySize < DIRECTORY_ENTRY.size) return;
  const signature = await readWithin(reader, directoryAt, 4);
  if (signature.readUInt32LE(0) === DIRECTORY_ENTRY.signature) {
    throw mismatch('The file is also a ZIP archive.');
  }
}
