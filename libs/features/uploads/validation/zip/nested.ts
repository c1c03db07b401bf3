import { Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { readChunks, type ContentReader } from '../content-reader';
import type { ContentLimits } from '../limits';
import { mismatch, tooLarge } from '../refusals';
import { readDirectory } from './directory';
import { END_RECORD, METHOD } from './signatures';
import type { ZipEntry } from './entry';

/** Documents embed other documents as packages of their own: charts bring their workbook. */
const PACKAGE =
  /\.(zip|jar|doc[xm]|dot[xm]|xls[xmb]|xlt[xm]|ppt[xm]|pot[xm]|pps[xm]|sld[xm]|vsd[xm]|od[tspg])$/i;
/** The end of an embedded archive that is kept while it is inflated: room for a directory of thousands of entries. */
const KEPT_TAIL = (1 << 20) + END_RECORD.size + END_RECORD.maxComment;

/** What an entry holds as it lies in the archive. */
export type OpenEntry = (entry: ZipEntry) => ContentReader;

/**
 * Lists what the archives embedded in a document hold, so that they count towards what it becomes. Only their
 * directories are looked at; a deflated one is inflated past, up to a limit, and forgotten but for its end.
 *
 * Archives within archives within archives are refused: nothing but a bomb needs them.
 */
export async function listNested(
  entries: readonly ZipEntry[],
  open: OpenEntry,
  limits: ContentLimits,
): Promise<ZipEntry[]> {
  const packages = entries.filter(isPackage);
  const total = packages.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
  if (total > limits.zipNestedBytes) throw tooLarge('The documents embedded in the document are too large.');

  const nested: ZipEntry[] = [];
  for (const entry of packages) {
    const packed = open(entry);
    const content =
      entry.method === METHOD.stored ? packed : await inflatedEnd(packed, entry.uncompressedSize);
    const inner = await readDirectory(content, limits);
    if (inner.entries.some(isPackage)) throw mismatch('Archives are nested too deep in the document.');
    nested.push(...inner.entries);
    if (nested.length > limits.zipEntries)
      throw tooLarge(`The document holds more than ${limits.zipEntries} entries.`);
  }
  return nested;
}

function isPackage(entry: ZipEntry): boolean {
  return entry.uncompressedSize > 0 && PACKAGE.test(entry.name);
}

/** Inflates without keeping: what comes back can be read near its end only. */
async function inflatedEnd(packed: ContentReader, declaredSize: number): Promise<ContentReader> {
  const kept: Buffer[] = [];
  let keptSize = 0;
  let size = 0;
  for await (const chunk of inflated(packed)) {
    size += chunk.length;
    if (size > declaredSize) throw damaged();
    kept.push(chunk);
    keptSize += chunk.length;
    while (keptSize - kept[0]!.length >= KEPT_TAIL) keptSize -= kept.shift()!.length;
  }
  if (size !== declaredSize) throw damaged();
  return endOf(Buffer.concat(kept), size);
}

async function* inflated(packed: ContentReader): AsyncGenerator<Buffer> {
  const source = Readable.from(readChunks(packed));
  const inflater = createInflateRaw();
  source.on('error', (error) => inflater.destroy(error)).pipe(inflater);
  try {
    yield* inflater;
  } catch (error) {
    throw isZlibError(error) ? damaged(error) : error;
  } finally {
    source.destroy();
  }
}

function endOf(tail: Buffer, size: number): ContentReader {
  return {
    size,
    read: async (position, length) => {
      const at = position - (size - tail.length);
      if (at < 0) throw tooLarge('An embedded archive lists too many entries.');
      return tail.subarray(at, at + length);
    },
  };
}

function isZlibError(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'code' in error && String(error.code).startsWith('Z_')
  );
}

function damaged(cause?: unknown): Error {
  return mismatch('An embedded part of the document is damaged.', cause);
}
