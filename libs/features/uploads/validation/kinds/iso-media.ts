import { readWithin, WindowedReader, type ContentReader } from '../content-reader';
import type { ContentCheck, FileKind } from '../file-kind';
import { mismatch } from '../refusals';
import { refuseHiddenArchive } from '../zip/hidden-archive';

/** Fragmented films have two boxes for each second or so. */
const MAX_BOXES = 100_000;
const MAX_BRANDS_SIZE = 1024;

interface Family {
  /** One of these among the major and the compatible brands. */
  brands: ReadonlySet<string>;
  /** The box without which there is nothing to show. */
  content: string;
  /** What the file may begin with; QuickTime is older than the brands. */
  beginnings: ReadonlySet<string>;
}

/** ISO/IEC 14496-12, 4.2 and 4.3: boxes that fill the file exactly, beginning with the brands it claims. */
function checkBoxes({ brands, content, beginnings }: Family): ContentCheck {
  return async (reader) => {
    const window = new WindowedReader(reader);
    const seen = new Set<string>();
    let boxes = 0;
    for (let at = 0; at < reader.size; boxes += 1) {
      const { type, headerSize, size } = await readBox(window, at);
      const isFitting = boxes > 0 || beginnings.has(type);
      if (!isFitting || boxes > MAX_BOXES || size < headerSize || at + size > reader.size)
        throw notThisMedium();
      if (
        type === 'ftyp' &&
        !hasBrand(await readBrands(window, at + headerSize, size - headerSize), brands)
      ) {
        throw notThisMedium();
      }
      seen.add(type);
      at += size;
    }
    if (!seen.has(content)) throw notThisMedium();
    await refuseHiddenArchive(reader);
  };
}

async function readBox(
  reader: ContentReader,
  at: number,
): Promise<{ type: string; headerSize: number; size: number }> {
  const header = await readWithin(reader, at, 8);
  const type = header.toString('latin1', 4, 8);
  const size = header.readUInt32BE(0);
  if (size === 0) return { type, headerSize: 8, size: reader.size - at };
  if (size !== 1) return { type, headerSize: 8, size };
  return { type, headerSize: 16, size: Number((await readWithin(reader, at + 8, 8)).readBigUInt64BE(0)) };
}

/** The major brand, then (after a version) the compatible ones, four characters each. */
async function readBrands(reader: ContentReader, at: number, size: number): Promise<string[]> {
  const body = await readWithin(reader, at, Math.min(size, MAX_BRANDS_SIZE));
  const all = body.toString('latin1').match(/[^]{4}/g) ?? [];
  return all.filter((_, index) => index !== 1);
}

function hasBrand(claimed: string[], wanted: ReadonlySet<string>): boolean {
  return claimed.some((brand) => wanted.has(brand));
}

function notThisMedium(): Error {
  return mismatch('The file is not whole, or not of the medium that its name says.');
}

const MP4: Family = {
  brands: new Set([
    'isom',
    'iso2',
    'iso3',
    'iso4',
    'iso5',
    'iso6',
    'mp41',
    'mp42',
    'avc1',
    'dash',
    'MSNV',
    'M4V ',
    '3gp4',
    '3gp5',
    '3gp6',
  ]),
  content: 'moov',
  beginnings: new Set(['ftyp']),
};
const QUICKTIME: Family = {
  brands: new Set(['qt  ']),
  content: 'moov',
  beginnings: new Set(['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip', 'pnot']),
};
const HEIC: Family = {
  brands: new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs']),
  content: 'meta',
  beginnings: new Set(['ftyp']),
};

export const ISO_MEDIA_KINDS: readonly FileKind[] = [
  {
    extension: 'mp4',
    mediaType: 'video/mp4',
    aliases: ['video/x-m4v'],
    mayBeEmpty: false,
    check: checkBoxes(MP4),
  },
  {
    extension: 'mov',
    mediaType: 'video/quicktime',
    aliases: [],
    mayBeEmpty: false,
    check: checkBoxes(QUICKTIME),
  },
  {
    extension: 'heic',
    mediaType: 'image/heic',
    aliases: ['image/heif'],
    mayBeEmpty: false,
    check: checkBoxes(HEIC),
  },
];
