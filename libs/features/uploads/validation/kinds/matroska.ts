import { readWithin, type ContentReader } from '../content-reader';
import type { ContentCheck, FileKind } from '../file-kind';
import { mismatch } from '../refusals';
import { refuseHiddenArchive } from '../zip/hidden-archive';

const ELEMENT = { header: 0x1a45dfa3, docType: 0x4282, segment: 0x18538067 } as const;
/** The header holds a handful of numbers and one word. */
const MAX_HEADER = 4096;
/** An identifier and a size, at their longest. */
const MAX_ELEMENT_START = 12;

/** RFC 8794 (EBML) and RFC 9559 (Matroska): a header that names its type, then one segment to the file's end. */
function checkMatroska(docTypes: readonly string[]): ContentCheck {
  return async (reader) => {
    const header = await readElement(reader, 0);
    if (header.id !== ELEMENT.header || header.size === null || header.size > MAX_HEADER) throw notMatroska();
    const segmentAt = header.bodyAt + header.size;
    const docType = await readDocType(reader, header.bodyAt, segmentAt);
    const segment = await readElement(reader, segmentAt);
    const isWhole = segment.size === null || segment.bodyAt + segment.size === reader.size;
    if (!docTypes.includes(docType) || segment.id !== ELEMENT.segment || !isWhole) throw notMatroska();
    await refuseHiddenArchive(reader);
  };
}

async function readDocType(reader: ContentReader, from: number, to: number): Promise<string> {
  for (let at = from; at < to;) {
    const { id, bodyAt, size } = await readElement(reader, at);
    if (size === null || bodyAt + size > to) throw notMatroska();
    if (id === ELEMENT.docType) {
      return (await readWithin(reader, bodyAt, size)).toString('latin1').replace(/\0+$/, '');
    }
    at = bodyAt + size;
  }
  throw notMatroska();
}

/** `size` is null where it is unknown: recordings are written before their length is. */
async function readElement(
  reader: ContentReader,
  at: number,
): Promise<{ id: number; bodyAt: number; size: number | null }> {
  const bytes = await readWithin(reader, at, Math.max(0, Math.min(MAX_ELEMENT_START, reader.size - at)));
  const idLength = vintLength(bytes, 0);
  const sizeLength = vintLength(bytes, idLength);
  if (idLength > 4 || idLength + sizeLength > bytes.length) throw notMatroska();
  // The size without the bit that marks its length; all ones mean unknown.
  const valueBits = 7 * sizeLength;
  const value =
    BigInt(`0x${bytes.toString('hex', idLength, idLength + sizeLength)}`) - (1n << BigInt(valueBits));
  const isUnknown = value === (1n << BigInt(valueBits)) - 1n;
  return {
    id: bytes.readUIntBE(0, idLength),
    bodyAt: at + idLength + sizeLength,
    size: isUnknown ? null : Number(value),
  };
}

/** Bytes of a variable-size integer (RFC 8794 section 4): one more than the zero bits it begins with. */
function vintLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first === 0) throw notMatroska();
  return Math.clz32(first) - 23;
}

function notMatroska(): Error {
  return mismatch('The file is not whole, or not of the medium that its name says.');
}

export const MATROSKA_KINDS: readonly FileKind[] = [
  {
    extension: 'mkv',
    mediaType: 'video/x-matroska',
    aliases: ['video/matroska', 'video/webm'],
    mayBeEmpty: false,
    check: checkMatroska(['matroska', 'webm']),
  },
  {
    extension: 'webm',
    mediaType: 'video/webm',
    aliases: [],
    mayBeEmpty: false,
    check: checkMatroska(['webm']),
  },
];
