import { crc32 } from 'node:zlib';
import { readChunks, readTail, readWithin, WindowedReader } from '../content-reader';
import type { ContentCheck, FileKind } from '../file-kind';
import { mismatch } from '../refusals';
import { refuseHiddenArchive } from '../zip/hidden-archive';

const PNG_BEGINNING = Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1');
const PNG_END = Buffer.from('\0\0\0\0IEND\xaeB\x60\x82', 'latin1');

/** PNG (third edition), 5.2, 5.6: a sound image header first, the end chunk last. */
const checkPng: ContentCheck = async (reader) => {
  const head = await readWithin(reader, 0, 33);
  const isSound =
    head.subarray(0, 16).equals(PNG_BEGINNING) &&
    head.readUInt32BE(29) === crc32(head.subarray(12, 29)) &&
    head.readUInt32BE(16) > 0 &&
    head.readUInt32BE(20) > 0;
  if (!isSound) throw mismatch('The file does not begin as a PNG image does.');
  if (!(await readTail(reader, PNG_END.length)).equals(PNG_END))
    throw mismatch('The PNG image does not end as it should.');
};

const JPEG = { start: 0xffd8, scan: 0xda, end: Buffer.from([0xff, 0xd9]), maxSegments: 2000 } as const;

/**
 * ITU-T T.81, annex B: segments up to a frame and a scan, then an end marker. Something may follow it (phones append a
 * short film), but no archive.
 */
const checkJpeg: ContentCheck = async (reader) => {
  const window = new WindowedReader(reader);
  if ((await readWithin(window, 0, 2)).readUInt16BE(0) !== JPEG.start) throw notJpeg();
  let at = 2;
  let hasFrame = false;
  for (let segments = 0; ; segments += 1) {
    const header = await readWithin(window, at, 4);
    const marker = header.readUInt8(1);
    if (header.readUInt8(0) !== 0xff || segments > JPEG.maxSegments) throw notJpeg();
    if (marker === 0xff) {
      at += 1; // A marker may be preceded by fill bytes.
      continue;
    }
    if (marker < 0xc0 || header.readUInt16BE(2) < 2) throw notJpeg();
    hasFrame ||= isFrame(marker);
    at += 2 + header.readUInt16BE(2);
    if (marker === JPEG.scan) break;
  }
  if (!hasFrame || !(await contains(reader, at, JPEG.end))) throw notJpeg();
  await refuseHiddenArchive(reader);
};

/** SOF0 to SOF15, among which DHT, JPG and DAC have their numbers. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

function notJpeg(): Error {
  return mismatch('The file is not a whole JPEG image.');
}

/** Whether two bytes stand one behind the other anywhere from `position` on. */
async function contains(
  reader: Parameters<ContentCheck>[0],
  position: number,
  pair: Buffer,
): Promise<boolean> {
  let carried = Buffer.alloc(0);
  for await (const chunk of readChunks(reader, position)) {
    if (Buffer.concat([carried, chunk.subarray(0, 1)]).includes(pair) || chunk.includes(pair)) return true;
    carried = Buffer.from(chunk.subarray(-1));
  }
  return false;
}

/** RFC 9649, 2.3 to 2.7: the RIFF header tells the file's size, the first chunk what kind of picture it is. */
const checkWebp: ContentCheck = async (reader) => {
  const head = await readWithin(reader, 0, 20);
  const isWebp =
    /^RIFF[^]{4}WEBPVP8[ LX]$/.test(head.toString('latin1', 0, 16)) &&
    head.readUInt32LE(4) + 8 === reader.size;
  if (!isWebp) throw mismatch('The file is not a whole WebP image.');
  await refuseHiddenArchive(reader);
};

const JPEG_TYPE = {
  mediaType: 'image/jpeg',
  aliases: ['image/jpg', 'image/pjpeg'],
  mayBeEmpty: false,
  check: checkJpeg,
};

export const IMAGE_KINDS: readonly FileKind[] = [
  { extension: 'png', mediaType: 'image/png', aliases: ['image/x-png'], mayBeEmpty: false, check: checkPng },
  { extension: 'jpg', ...JPEG_TYPE },
  { extension: 'jpeg', ...JPEG_TYPE },
  { extension: 'webp', mediaType: 'image/webp', aliases: [], mayBeEmpty: false, check: checkWebp },
];
