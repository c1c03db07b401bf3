import { isAppError } from '@waybill/core/kernel';
import * as yauzl from 'yauzl';
import {
  BOMBS,
  BufferReader,
  GENUINE,
  LYING_TYPES,
  altered,
  crowdedDocument,
  expandingDocument,
  genuine,
  largeDocument,
  partsOf,
  plainZip,
  writeZip,
  type LyingDocument,
} from '../../../../test/fixtures/documents';
import { checkContent, extensionOf, fileKindOf, type ContentLimits, type ContentReader } from './index';

const MIB = 1 << 20;

// Building a bomb takes longer than refusing it, and a busy machine takes longer still.
jest.setTimeout(60_000);

function check(
  fileName: string,
  content: Buffer | ContentReader,
  limits?: Partial<ContentLimits>,
): Promise<void> {
  const reader = Buffer.isBuffer(content) ? new BufferReader(content) : content;
  return checkContent(fileKindOf(extensionOf(fileName))!, reader, limits);
}

async function refusalOf({ fileName, make }: LyingDocument): Promise<string> {
  return check(fileName, make()).then(
    () => 'accepted',
    (error: unknown) => (isAppError(error) ? error.code : String(error)),
  );
}

describe('genuine content', () => {
  it.each(GENUINE)('%s is accepted', async (name) => {
    await expect(check(name, genuine(name))).resolves.toBeUndefined();
  });

  it.each(GENUINE.filter((name) => /\.(docx|pptx|xlsx|od.)$/.test(name)))(
    '%s is accepted as a zip too',
    async (name) => {
      await expect(check('a.zip', genuine(name))).resolves.toBeUndefined();
    },
  );

  it.each<[string, string, () => Buffer]>([
    ['a document packed again', 'a.docx', () => altered('report.docx', (parts) => parts)],
    ['a document with a ZIP64 end', 'a.docx', () => altered('report.docx', (parts) => parts, { end: { zip64: true } })],
    ['a document with an embedded workbook', 'a.pptx', () =>
      altered('briefing.pptx', (parts) => [...parts, { name: 'ppt/embeddings/sheet1.xlsx', data: genuine('shipments.xlsx') }])],
    ['content types in UTF-16', 'a.docx', () =>
      altered('report.docx', (parts) => parts.map((part) => part.name === '[Content_Types].xml'
        ? { ...part, data: Buffer.from('\ufeff' + part.data!.toString().replace('encoding="UTF-8"', 'encoding="UTF-16"'), 'utf16le') }
        : part))],
    ['an absolute target of the main part', 'a.docx', () =>
      altered('report.docx', (parts) => parts.map((part) => part.name === '_rels/.rels'
        ? { ...part, data: Buffer.from(part.data!.toString().replace('"word/document.xml"', '"/word/document.xml"')) }
        : part))],
    ['a plain ZIP', 'a.zip', plainZip],
    ['a plain ZIP with a comment', 'a.zip', () => writeZip([{ name: 'a', data: Buffer.from('a') }], { end: { comment: 'of the day' } })],
    ['a ZIP of ZIPs', 'a.zip', () => writeZip([{ name: 'a.zip', data: writeZip([{ name: 'b.zip', data: plainZip() }]) }])],
    ['an empty text', 'a.txt', () => Buffer.alloc(0)],
    ['an empty table', 'a.csv', () => Buffer.alloc(0)],
    ['HTML as text, which is only ever served as an attachment', 'a.txt', () => Buffer.from('<script>alert(1)</script>')],
    ['UTF-16, little end first', 'a.txt', () => Buffer.from('\ufeffΑθήνα 🚢', 'utf16le')],
    ['UTF-16, big end first', 'a.csv', () => Buffer.from('\ufeffΑθήνα 🚢', 'utf16le').swap16()],
    ['text whose characters lie across every chunk', 'a.txt', () => Buffer.from('x' + '🚢'.repeat(600_000))],
    ['a JPEG with a film behind it, as phones make them', 'a.jpg', () => Buffer.concat([genuine('photo.jpg'), genuine('clip.mp4')])],
    ['a PDF that ends in line ends', 'a.pdf', () => Buffer.concat([genuine('letter.pdf'), Buffer.from('\r\n\r\n')])],
  ])('%s is accepted', async (_, name, make) => {
    await expect(check(name, make())).resolves.toBeUndefined();
  }); // prettier-ignore
});

describe('U16 content that is not what its name says', () => {
  it.each(LYING_TYPES)('U16 refuses $title', async (document) => {
    expect(await refusalOf(document)).toBe('CONTENT_MISMATCH');
  });

  it('U16 refuses every genuine file under every name that is not its own', async () => {
    const honest = new Map([['tariffs.csv', ['txt']], ['photo.jpg', ['jpeg']], ['clip.webm', ['mkv']]]); // prettier-ignore
    for (const name of GENUINE) {
      for (const other of new Set(GENUINE.map(extensionOf))) {
        if (other === extensionOf(name) || honest.get(name)?.includes(other)) continue;
        const refusal = await refusalOf({ title: '', fileName: `a.${other}`, make: () => genuine(name) });
        expect(`${name} as ${other}: ${refusal}`).toBe(`${name} as ${other}: CONTENT_MISMATCH`);
      }
    }
  });
});

describe('U17 documents that harm whoever opens them', () => {
  it.each(BOMBS)('U17 refuses $title', async (document) => {
    expect(['CONTENT_MISMATCH', 'FILE_TOO_LARGE']).toContain(await refusalOf(document));
  });

  it.each([
    ['a million entries', () => crowdedDocument()],
    ['10 MiB that become 10 GiB', expandingDocument],
  ])('U17 refuses %s after a glance at the end', async (_, make) => {
    const reader = new BufferReader(make());
    await expect(check('a.docx', reader)).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });
    expect(reader.bytesRead).toBeLessThan(MIB);
  });

  it('U17 takes a document of as many entries as are allowed, with one more refused', async () => {
    const parts = partsOf('report.docx');
    const limits = { zipEntries: parts.length };
    const crowd = altered('report.docx', (all) => [...all, { name: 'one/more', data: Buffer.from('x') }]);
    await expect(check('a.docx', genuine('report.docx'), limits)).resolves.toBeUndefined();
    await expect(check('a.docx', crowd, limits)).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });
  });

  it('U17 reads a document of many entries in few and bounded steps', async () => {
    const many = Array.from({ length: 15_000 }, (_, i) => ({
      name: `word/media/${i}.bin`,
      data: Buffer.alloc(99, i),
      method: 0,
    }));
    const content = altered('report.docx', (parts) => [...parts, ...many]);
    const reader = new BufferReader(content);
    await check('a.docx', reader);
    expect(reader.reads).toBeLessThan(60);
    expect(reader.bytesRead).toBeLessThan(2 * content.length);
  });
});

describe('hostile structure', () => {
  it.each(GENUINE)(
    '%s, cut anywhere, is refused or read as it is, but never beyond its end',
    async (name) => {
      const whole = genuine(name);
      for (let i = 1; i <= 60; i += 1) {
        const cut = whole.subarray(0, Math.floor((whole.length * i) / 61));
        const refusal = await refusalOf({ title: '', fileName: name, make: () => cut });
        // A text stays text wherever it is cut between characters.
        expect(name.endsWith('.csv') ? 'CONTENT_MISMATCH' : refusal).toBe('CONTENT_MISMATCH');
      }
    },
  );

  it.each(GENUINE)(
    '%s with any byte changed is accepted or refused, and nothing else happens',
    async (name) => {
      const whole = genuine(name);
      for (let i = 0; i < 400; i += 1) {
        // Half of them in the last part, where archives keep their directory.
        const from = i % 2 === 0 ? 0 : Math.max(0, whole.length - 1500);
        const at = from + Math.floor(((whole.length - from) * i) / 400);
        const damaged = Buffer.from(whole);
        damaged[at] = damaged[at]! ^ (1 << (i % 8));
        expect(['accepted', 'CONTENT_MISMATCH', 'FILE_TOO_LARGE']).toContain(
          await refusalOf({ title: '', fileName: name, make: () => damaged }),
        );
      }
    },
  );

  it('passes on what the reader throws: a broken disk is no refusal', async () => {
    const broken = new Error('EIO');
    const reader = { size: 5000, read: () => Promise.reject(broken) };
    for (const extension of ['docx', 'odt', 'pdf', 'txt', 'zip', 'png', 'jpg', 'webp', 'mp4', 'webm']) {
      await expect(check(`a.${extension}`, reader)).rejects.toBe(broken);
    }
  });
});

describe('large documents', () => {
  it('are valid, of exactly the size asked for, with their marker everywhere, and made again alike', async () => {
    const document = largeDocument(3 * MIB + 12_345, { marker: 'find-me' });
    const content = Buffer.concat([...document]);
    expect(content.length).toBe(document.size);
    expect(content.equals(Buffer.concat([...document]))).toBe(true);
    expect(content.toString('latin1').split('find-me').length - 1).toBe(
      Math.ceil((document.size - 2000) / 4096),
    );
    await expect(check('a.docx', content)).resolves.toBeUndefined();

    const archive = await yauzl.fromBufferPromise(content);
    const names: string[] = [];
    for await (const entry of archive.eachEntry()) names.push(entry.fileName);
    expect(names).toContain('word/media/recording.bin');
  });

  it('are checked by their directory, however large', async () => {
    const reader = new BufferReader(Buffer.concat([...largeDocument(32 * MIB)]));
    await check('a.docx', reader);
    expect(reader.bytesRead).toBeLessThan(2 * MIB);
  });
});
