import {
  BufferReader,
  altered,
  directoryEntry,
  endRecords,
  genuine,
  localHeader,
  pack,
  packedZeros,
  writeZip,
  type ZipPart,
} from '../../../../../test/fixtures/documents';
import type { ContentReader } from '../content-reader';
import { DEFAULT_CONTENT_LIMITS, type ContentLimits } from '../limits';
import { ZipArchive } from './archive';
import type { ArchiveRules } from './rules';

const MIB = 1 << 20;
const GIB = 1024 * MIB;
const DOCUMENT: ArchiveRules = {
  methods: [0, 8],
  caseless: true,
  comment: false,
  otherNames: false,
  nested: true,
};
const LOOSE: ArchiveRules = { ...DOCUMENT, caseless: false, comment: true, otherNames: true, nested: false };

interface Refusal {
  title: string;
  archive: () => Buffer;
  rules?: ArchiveRules;
  limits?: Partial<ContentLimits>;
  because: RegExp;
}

function open(
  archive: Buffer | ContentReader,
  rules = DOCUMENT,
  limits: Partial<ContentLimits> = {},
): Promise<ZipArchive> {
  const reader = Buffer.isBuffer(archive) ? new BufferReader(archive) : archive;
  return ZipArchive.open(reader, { ...DEFAULT_CONTENT_LIMITS, ...limits }, rules);
}

const text = (name: string, content = name): ZipPart => ({ name, data: Buffer.from(content), method: 0 });
const two = (): Buffer => writeZip([text('one'), text('two')]);
const zeros = (): Buffer => writeZip([{ name: 'zeros', data: Buffer.alloc(100_000) }]);

/** The archive with some bytes of its end record (from its signature on) changed. */
function withEnd(archive: Buffer, change: (end: Buffer) => void): Buffer {
  const copy = Buffer.from(archive);
  change(copy.subarray(copy.length - 22));
  return copy;
}

function extraField(id: number, body: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(id, 0);
  head.writeUInt16LE(body.length, 2);
  return Buffer.concat([head, body]);
}

const unicodePath = (name: string): Buffer => extraField(0x7075, Buffer.from(`\x01\0\0\0\0${name}`));
const named = (name: string): ZipPart => ({ ...text('innocent'), extra: unicodePath(name) });
const manyNames = (count: number): Buffer =>
  writeZip(Array.from({ length: count }, (_, i) => text(String(i).padStart(60, 'n'), '')));

describe('U17 an archive that cannot be trusted', () => {
  it.each<Refusal>([
    { title: 'entries that overlap', archive: () => writeZip([text('one'), { ...text('two'), headerOffset: 0 }]), because: /overlap/ },
    { title: 'data that reach into the directory', archive: () => writeZip([{ ...text('one'), size: 40, packedSize: 40 }]), because: /overlap/ },
    { title: 'bytes between entries', archive: () => writeZip([text('one'), { ...text('two'), packed: Buffer.from('two and more') , size: 3, packedSize: 3 }, text('three')]), because: /belong to none/ },
    { title: 'bytes before the first entry', archive: () => writeZip([text('one')], { prefix: Buffer.from('PK\x03\x04', 'latin1') }), because: /belong to none/ },
    { title: 'another name in the local header', archive: () => writeZip([{ ...text('one'), localName: 'two' }]), because: /contradicts itself about its entries/ },
    { title: 'an offset that leads to no header', archive: () => { const zip = two(); zip[36] = 0; return zip; }, because: /where its entries are/ },
    { title: 'an encrypted entry', archive: () => writeZip([{ ...text('one'), flags: 0x0001 }]), because: /encrypted/ },
    { title: 'a strongly encrypted entry', archive: () => writeZip([{ ...text('one'), flags: 0x0040 }]), because: /encrypted/ },
    { title: 'masked local headers', archive: () => writeZip([{ ...text('one'), flags: 0x2000 }]), because: /encrypted/ },
    { title: 'an unknown method', archive: () => writeZip([{ ...text('one'), method: 99 }]), because: /not known/ },
    { title: 'a stored entry of two sizes', archive: () => writeZip([{ ...text('one'), size: 4 }]), because: /sizes/ },
    { title: 'too much growth', archive: zeros, limits: { zipGrowthBytes: 50_000 }, because: /too large/ },
    { title: 'too much growth for its size', archive: zeros, limits: { zipRatio: 50, zipRatioFreeBytes: 50_000 }, because: /too large/ },
    { title: 'bytes behind the end', archive: () => Buffer.concat([two(), Buffer.from('more')]), rules: LOOSE, because: /follows/ },
    { title: 'a comment', archive: () => writeZip([text('one')], { end: { comment: 'more' } }), because: /follows/ },
    { title: 'an end within the comment', archive: () => writeZip([text('one')], { end: { comment: `PK\x05\x06${'\0'.repeat(17)}` } }), rules: LOOSE, because: /truncated|follows/ },
    { title: 'bytes between directory and end', archive: () => Buffer.concat([two().subarray(0, -22), Buffer.from('more'), two().subarray(-22)]), because: /not where/ },
    { title: 'a directory said to be elsewhere', archive: () => writeZip([text('one')], { end: { offset: 1 } }), because: /not where/ },
    { title: 'fewer entries than listed', archive: () => writeZip([text('one'), text('two')], { end: { count: 1 } }), because: /number/ },
    { title: 'more entries than listed', archive: () => writeZip([text('one')], { end: { count: 2 } }), because: /number/ },
    { title: 'a later disk', archive: () => withEnd(two(), (end) => end.writeUInt16LE(1, 4)), because: /several/ },
    { title: 'a directory on a later disk', archive: () => withEnd(two(), (end) => end.writeUInt16LE(1, 6)), because: /several/ },
    { title: 'entries on other disks', archive: () => withEnd(two(), (end) => end.writeUInt16LE(1, 8)), because: /several/ },
    { title: 'two end records that disagree', archive: () => withEnd(writeZip([text('one')], { end: { zip64: true } }), (end) => end.writeUInt32LE(7, 12)), because: /about its directory/ },
    { title: 'a ZIP64 end that is missing', archive: () => withEnd(two(), (end) => end.writeUInt32LE(0xffffffff, 16)), because: /not where/ },
    { title: 'a directory beyond the limit', archive: two, limits: { zipDirectoryBytes: 97 }, because: /entries/ },
    { title: 'entries beyond the limit', archive: two, limits: { zipEntries: 1 }, because: /entries/ },
    { title: 'one name twice', archive: () => writeZip([text('one'), text('one')]), rules: LOOSE, because: /same name/ },
    { title: 'one name in two cases', archive: () => writeZip([text('one'), text('ONE')]), because: /same name/ },
    { title: 'a second name', archive: () => writeZip([named('other')]), because: /two names/ },
    { title: 'a second name that leads out', archive: () => writeZip([named('../other')]), rules: LOOSE, because: /leads out/ },
    { title: 'a third name', archive: () => writeZip([{ ...text('one'), extra: Buffer.concat([unicodePath('two'), unicodePath('three')]) }]), rules: LOOSE, because: /damaged/ },
    { title: 'an extra field longer than its record', archive: () => writeZip([{ ...text('one'), extra: extraField(0x1234, Buffer.alloc(8)).subarray(0, 10) }]), because: /damaged/ },
    { title: 'a name that is not the UTF-8 it claims to be', archive: () => { const zip = writeZip([text('one')]); zip.write('\xff', zip.indexOf('one', 40), 'latin1'); return zip; }, because: /UTF-8/ },
    { title: 'embedded archives beyond the limit', archive: () => writeZip([{ name: 'a.docx', data: two() }]), limits: { zipNestedBytes: 100 }, because: /embedded/ },
    { title: 'an embedded archive with a directory beyond what is kept of it', archive: () => writeZip([{ name: 'a.docx', data: manyNames(15_000) }]), because: /too many/ },
    { title: 'embedded archives that together list too much', archive: () => writeZip([text('zero'), { name: 'a.docx', data: two() }, { name: 'b.xlsx', data: two() }]), limits: { zipEntries: 3 }, because: /entries/ },
    { title: 'an embedded archive that is none', archive: () => writeZip([text('a.docx')]), because: /not a ZIP/ },
    { title: 'an embedded archive that does not inflate', archive: () => writeZip([{ name: 'a.docx', packed: Buffer.from('garbage'), size: 100 }]), because: /damaged/ },
    { title: 'an embedded archive shorter than declared', archive: () => writeZip([{ name: 'a.docx', data: two(), size: two().length + 1 }]), because: /damaged/ },
    { title: 'archives nested too deep', archive: () => writeZip([{ name: 'a.docx', data: writeZip([{ name: 'b.docx', data: two() }]) }]), because: /too deep/ },
  ])('U17 is refused: $title', async ({ archive, rules, limits, because }) => {
    await expect(open(archive(), rules, limits)).rejects.toThrow(because);
  }); // prettier-ignore

  it('U17 is not inflated beyond what an embedded document is declared as', async () => {
    const reader = new BufferReader(
      writeZip([{ name: 'a.docx', packed: packedZeros(20_000), size: 20 * MIB }]),
    );
    await expect(open(reader)).rejects.toThrow(/damaged/);
    expect(reader.bytesRead).toBeLessThan(4 * MIB);
  });

  it.each([-1, 1])('U17 does not hand out a part that is %i longer than declared', async (more) => {
    const part = { name: 'part', data: Buffer.from('<part/>'.repeat(9)), size: 63 - more };
    const archive = await open(writeZip([part]));
    await expect(archive.read(archive.find('part')!)).rejects.toThrow(/damaged/);
  });
});

describe('an honest archive', () => {
  it.each<[string, () => Buffer, ArchiveRules]>([
    ['stored and deflated entries', () => writeZip([text('one'), { name: 'two', data: Buffer.from('two') }]), DOCUMENT],
    ['directories', () => writeZip([{ name: 'a/', method: 0, mode: 0o040755 }, { ...text('a/b'), mode: 0o100644 }]), DOCUMENT],
    ['names in two cases', () => writeZip([text('one'), text('ONE')]), LOOSE],
    ['a second name', () => writeZip([named('Αθήνα')]), LOOSE],
    ['a name of another code page', () => { const zip = writeZip([{ ...text('ane'), flags: 0 }]); for (const at of [30, zip.lastIndexOf('ane')]) zip[at] = 0x84; return zip; }, LOOSE],
    ['padding of an extra field', () => writeZip([{ ...text('one'), extra: Buffer.alloc(3) }]), DOCUMENT],
    ['a ZIP64 end', () => writeZip([text('one')], { end: { zip64: true } }), DOCUMENT],
    ['an embedded document', () => writeZip([{ name: 'a.docx', data: genuine('report.docx') }]), DOCUMENT],
    ['an embedded document, stored', () => writeZip([{ name: 'a.docx', data: genuine('report.docx'), method: 0 }]), DOCUMENT],
  ])('may have %s', async (_, archive, rules) => {
    await expect(open(archive(), rules)).resolves.toBeInstanceOf(ZipArchive);
  }); // prettier-ignore

  it('hands out its parts as they were put in', async () => {
    const archive = await open(
      altered('report.docx', (parts) => [...parts, text('word/stored.txt', 'as it is')]),
    );
    expect((await archive.read(archive.find('WORD/stored.TXT')!)).toString()).toBe('as it is');
    expect((await archive.read(archive.find('word/document.xml')!)).toString()).toMatch(
      /^<\?xml[^]*<\/w:document>$/,
    );
    expect(archive.find('word/absent.xml')).toBeUndefined();
  });

  it('may be larger than 32 bits can say, and grows by nothing that is only stored', async () => {
    const film = { ...pack({ name: 'film.mp4', method: 0 }), size: 5 * GIB, packedSize: 5 * GIB };
    const note = pack(text('note.txt'));
    const noteAt = localHeader(film).length + film.size;
    const directoryAt = noteAt + localHeader(note).length + note.packed.length;
    const directory = Buffer.concat([directoryEntry(film, 0), directoryEntry(note, noteAt)]);
    const archive = await open(
      sparse([
        [0, localHeader(film)],
        [noteAt, Buffer.concat([localHeader(note), note.packed, directory, endRecords({ count: 2, size: directory.length, offset: directoryAt })])],
      ]),
    ); // prettier-ignore
    expect((await archive.read(archive.find('note.txt')!)).toString()).toBe('note.txt');
  });
});

/** Zeros but for some stretches: gigabytes that take no room. */
function sparse(stretches: [number, Buffer][]): ContentReader {
  const [lastAt, last] = stretches.at(-1)!;
  return {
    size: lastAt + last.length,
    read: async (position, length) => {
      const bytes = Buffer.alloc(length);
      for (const [at, content] of stretches) {
        const from = Math.max(position, at);
        const to = Math.min(position + length, at + content.length);
        if (from < to) content.copy(bytes, from - position, from - at, to - at);
      }
      return bytes;
    },
  };
}
