import { promisify } from 'node:util';
import { inflateRaw, inflateRawSync } from 'node:zlib';
import { readWithin, slice, type ContentReader } from '../content-reader';
import type { ContentLimits } from '../limits';
import { mismatch, tooLarge } from '../refusals';
import { readDirectory } from './directory';
import type { ZipEntry } from './entry';
import { checkLayout } from './layout';
import { listNested } from './nested';
import { checkEntry, checkExpansion, type ArchiveRules } from './rules';
import { LOCAL_HEADER, METHOD } from './signatures';

const inflate = promisify(inflateRaw);
/** What is inflated to no more than this takes less time than handing it to another thread. */
const INFLATED_HERE = 64 * 1024;

async function inflated(packed: Buffer, maxOutputLength: number): Promise<Buffer> {
  if (maxOutputLength > INFLATED_HERE || packed.length > INFLATED_HERE)
    return inflate(packed, { maxOutputLength });
  return inflateRawSync(packed, { maxOutputLength });
}

/** A ZIP archive whose directory was found sound. Its entries are looked up, never unpacked to anywhere. */
export class ZipArchive {
  private readonly byName: ReadonlyMap<string, ZipEntry>;

  private constructor(
    /** As the directory lists them. */
    readonly entries: readonly ZipEntry[],
    private readonly rules: ArchiveRules,
    private readonly limits: ContentLimits,
    private readonly open: (entry: ZipEntry) => ContentReader,
  ) {
    this.byName = indexByName(entries, rules);
  }

  /**
   * Opens an archive and checks everything that its directory and headers tell: where it begins and ends, what it would
   * become, its names and types, and that its entries neither overlap nor leave anything out.
   *
   * Throws `CONTENT_MISMATCH` or `FILE_TOO_LARGE`.
   */
  static async open(reader: ContentReader, limits: ContentLimits, rules: ArchiveRules): Promise<ZipArchive> {
    await requireBeginning(reader);
    const { entries, offset, comment } = await readDirectory(reader, limits);
    if (comment.length > 0 && !rules.comment) throw mismatch('Something follows the end of the archive.');
    for (const entry of entries) checkEntry(entry, rules);
    checkExpansion(entries, reader.size, limits);

    const dataOffsets = await checkLayout(reader, entries, offset);
    const open = (entry: ZipEntry): ContentReader =>
      slice(reader, dataOffsets.get(entry)!, entry.compressedSize);
    if (rules.nested) {
      checkExpansion([...entries, ...(await listNested(entries, open, limits))], reader.size, limits);
    }
    return new ZipArchive(entries, rules, limits, open);
  }

  find(name: string): ZipEntry | undefined {
    return this.byName.get(keyOf(name, this.rules));
  }

  /**
   * The content of a small part. Throws `CONTENT_MISMATCH` when it is damaged or not of its declared size, and
   * `FILE_TOO_LARGE` when it is said to exceed the limit for XML parts, which inflating never does.
   */
  async read(entry: ZipEntry): Promise<Buffer> {
    const limit = this.limits.xmlPartBytes;
    if (entry.uncompressedSize > limit || entry.compressedSize > limit) {
      throw tooLarge('A part of the document is too large.');
    }
    const packed = await readWithin(this.open(entry), 0, entry.compressedSize);
    if (entry.method === METHOD.stored) return packed;
    // One byte of room beyond the declared size: more than that is a lie, and is never produced.
    const content = await inflated(packed, entry.uncompressedSize + 1).catch((cause: unknown) => {
      throw mismatch('A part of the document is damaged.', cause);
    });
    if (content.length !== entry.uncompressedSize) throw mismatch('A part of the document is damaged.');
    return content;
  }
}

/** The first entry's header is the very first thing: before it stands what makes an archive something else as well. */
async function requireBeginning(reader: ContentReader): Promise<void> {
  const head = reader.size < LOCAL_HEADER.size ? null : await readWithin(reader, 0, 4);
  if (head?.readUInt32LE(0) !== LOCAL_HEADER.signature) {
    throw mismatch('The file does not begin as a ZIP archive does.');
  }
}

/** Of two entries with one name, readers take the first or the last: neither is trusted. */
function indexByName(entries: readonly ZipEntry[], rules: ArchiveRules): Map<string, ZipEntry> {
  const byName = new Map(entries.map((entry) => [keyOf(entry.name, rules), entry]));
  if (byName.size !== entries.length) throw mismatch('Two entries of the archive have the same name.');
  return byName;
}

function keyOf(name: string, rules: ArchiveRules): string {
  return rules.caseless ? name.toLowerCase() : name;
}
