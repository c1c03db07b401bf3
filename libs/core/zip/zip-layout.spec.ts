import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { fromBuffer, fromRandomAccessReader, RandomAccessReader, type Entry, type ZipFile } from 'yauzl';
import { Crc32, distinctNames, zipLayout, type ZipEntry } from './index';

const TIME = new Date('2026-11-20T17:20:42Z');

function entry(name: string, data: Buffer): ZipEntry {
  const crc = new Crc32();
  crc.update(data.subarray(0, 3));
  crc.update(data.subarray(3));
  return { name, size: data.length, crc32: crc.value, modifiedAt: TIME };
}

function assembled(files: [string, Buffer][]): Buffer {
  const { pieces, size } = zipLayout(files.map(([name, data]) => entry(name, data)));
  const whole = Buffer.concat(pieces.map((piece) => piece.bytes ?? files[piece.entry]![1]));
  expect(whole.length).toBe(size);
  let at = 0;
  for (const piece of pieces) {
    expect(piece.start).toBe(at);
    at += piece.length;
  }
  return whole;
}

async function entriesOf(zip: ZipFile): Promise<Entry[]> {
  const found: Entry[] = [];
  zip.on('entry', (each: Entry) => {
    found.push(each);
    zip.readEntry();
  });
  const end = new Promise<void>((resolve, reject) => zip.on('end', resolve).on('error', reject));
  zip.readEntry();
  await end;
  return found;
}

const FILES: [string, Buffer][] = [
  ['offer.docx', Buffer.from('an offer')],
  ['Übersicht – 2026 (final) 🦊.xlsx', Buffer.alloc(100_000, 7)],
  ['empty.txt', Buffer.alloc(0)],
];

describe('an archive', () => {
  it('is the same every time, and read by others as it was meant', async () => {
    const whole = assembled(FILES);
    expect(assembled(FILES).equals(whole)).toBe(true);
    const zip = await new Promise<ZipFile>((resolve, reject) =>
      fromBuffer(whole, { lazyEntries: true }, (error, opened) => (error ? reject(error) : resolve(opened!))),
    );
    const found = await entriesOf(zip);
    expect(found.map(({ fileName, uncompressedSize }) => [fileName, uncompressedSize])).toEqual(
      FILES.map(([name, data]) => [name, data.length]),
    );
    expect(found[0]!.getLastModDate({ timezone: 'UTC' }).toISOString()).toBe('2026-11-20T17:20:42.000Z');
  });

  it('gives back every byte, under the checksum that belongs to it', async () => {
    const zip = await new Promise<ZipFile>((resolve, reject) =>
      fromBuffer(assembled(FILES), { lazyEntries: true, autoClose: false }, (error, opened) =>
        error ? reject(error) : resolve(opened!),
      ),
    );
    for (const [index, found] of (await entriesOf(zip)).entries()) {
      const content = await new Promise<Buffer>((resolve, reject) =>
        zip.openReadStream(found, (error, stream) => (error ? reject(error) : resolve(buffer(stream)))),
      );
      expect(content.equals(FILES[index]![1])).toBe(true);
      expect(found.crc32).toBe(crc32(FILES[index]![1]));
    }
  });

  it('of nothing is an archive all the same', async () => {
    const zip = await new Promise<ZipFile>((resolve, reject) =>
      fromBuffer(assembled([]), { lazyEntries: true }, (error, opened) =>
        error ? reject(error) : resolve(opened!),
      ),
    );
    expect(zip.entryCount).toBe(0);
  });

  it.each([
    ['a file of 4 GiB', [2 ** 32, 10]],
    ['a file of just less', [2 ** 32 - 2, 10]],
    ['a file that begins beyond 4 GiB', [3 * 2 ** 30, 3 * 2 ** 30, 5]],
    ['66,000 files', Array<number>(66_000).fill(1)],
  ])('with %s says its numbers where they fit', async (_, sizes) => {
    const { pieces, size } = zipLayout(
      sizes.map((bytes, index) => ({ name: `${index}.bin`, size: bytes, crc32: 0, modifiedAt: TIME })),
    );
    const reader = new (class extends RandomAccessReader {
      override _readStreamForRange(): never {
        throw new Error('unused');
      }
      override read(
        buffer: Buffer,
        offset: number,
        length: number,
        position: number,
        done: (e: Error | null) => void,
      ): void {
        // The directory is all that is read of an archive to list it.
        const { bytes, start } = pieces.at(-1)!;
        const skipped = Math.max(0, start - position);
        bytes!.copy(buffer, offset + skipped, position + skipped - start, position + length - start);
        setImmediate(done, null);
      }
    })();
    const zip = await new Promise<ZipFile>((resolve, reject) =>
      fromRandomAccessReader(reader, size, { lazyEntries: true, autoClose: false }, (error, opened) =>
        error ? reject(error) : resolve(opened!),
      ),
    );
    const found = await entriesOf(zip);
    expect(found.map(({ uncompressedSize }) => uncompressedSize)).toEqual(sizes);
    const starts = new Map(
      pieces
        .filter(({ entry: of }) => of >= 0)
        .toReversed()
        .map((piece) => [piece.entry, piece.start]),
    );
    for (const index of [0, sizes.length - 1]) {
      expect(found[index]!.relativeOffsetOfLocalHeader).toBe(starts.get(index));
    }
  });

  it.each([
    [[], []],
    [
      ['a.txt', 'b.txt'],
      ['a.txt', 'b.txt'],
    ],
    [
      ['a.txt', 'A.TXT', 'a.txt'],
      ['a.txt', 'A (2).TXT', 'a (3).txt'],
    ],
    [
      ['a', 'a', 'a (2)'],
      ['a', 'a (2)', 'a (2) (2)'],
    ],
    [
      ['\u00fc.docx', 'u\u0308.docx'],
      ['\u00fc.docx', 'u\u0308 (2).docx'],
    ],
  ])('never has a name twice: %j', (names, distinct) => expect(distinctNames(names)).toEqual(distinct));
});
