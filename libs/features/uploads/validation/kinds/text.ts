import { readChunks, readWithin } from '../content-reader';
import type { ContentCheck, FileKind } from '../file-kind';
import { mismatch } from '../refusals';

/** What other kinds begin with even where the rest of them could be read as text. */
const FOREIGN_BEGINNINGS = ['%PDF-', 'GIF87a', 'GIF89a', '{\\rtf', '%!PS'];

/** Text in UTF-8, or in UTF-16 with its byte order mark, without NUL; read once, in pieces. */
const checkText: ContentCheck = async (reader) => {
  const head = await readWithin(reader, 0, Math.min(8, reader.size));
  if (FOREIGN_BEGINNINGS.some((beginning) => head.toString('latin1').startsWith(beginning))) {
    throw mismatch('The file is not plain text.');
  }
  const decoder = new TextDecoder(encodingOf(head), { fatal: true });
  const decode = (bytes: Buffer, more: boolean): string => {
    try {
      return decoder.decode(bytes, { stream: more });
    } catch (cause) {
      throw mismatch('The file is not text in UTF-8 or UTF-16.', cause);
    }
  };
  for await (const chunk of readChunks(reader)) {
    if (decode(chunk, true).includes('\0')) throw mismatch('The file is not plain text.');
  }
  decode(Buffer.alloc(0), false);
};

function encodingOf(head: Buffer): string {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

export const TEXT_KINDS: readonly FileKind[] = [
  { extension: 'txt', mediaType: 'text/plain', aliases: [], mayBeEmpty: true, check: checkText },
  {
    extension: 'csv',
    mediaType: 'text/csv',
    // Browsers on Windows take the type from the program that opens it.
    aliases: ['text/plain', 'application/csv', 'text/x-csv', 'application/vnd.ms-excel'],
    mayBeEmpty: true,
    check: checkText,
  },
];
