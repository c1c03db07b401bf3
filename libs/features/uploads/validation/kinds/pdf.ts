import { readTail, readWithin } from '../content-reader';
import type { ContentCheck, FileKind } from '../file-kind';
import { mismatch } from '../refusals';
import { refuseHiddenArchive } from '../zip/hidden-archive';

const HEADER_SIZE = 8;
const HEADER = /^%PDF-[12]\.\d/;
/** Where ISO 32000 readers look for the end marker, doubled for what mail gateways append in line ends. */
const TAIL = 2048;
const END = /startxref\s+\d+\s+%%EOF[\s\0]*$/;

/**
 * ISO 32000-2, 7.5.2 and 7.5.5: the header is the very first thing and the end marker the very last, stricter than
 * readers are, because what stands before or behind is how a PDF becomes something else as well.
 */
const checkPdf: ContentCheck = async (reader) => {
  const head = await readWithin(reader, 0, Math.min(HEADER_SIZE, reader.size));
  if (!HEADER.test(head.toString('latin1'))) throw mismatch('The file does not begin as a PDF does.');
  const tail = await readTail(reader, TAIL);
  if (!END.test(tail.toString('latin1'))) throw mismatch('The file does not end as a PDF does.');
  await refuseHiddenArchive(reader);
};

export const PDF_KINDS: readonly FileKind[] = [
  {
    extension: 'pdf',
    mediaType: 'application/pdf',
    aliases: ['application/x-pdf'],
    mayBeEmpty: false,
    check: checkPdf,
  },
];
