import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { largeDocument } from '../fixtures/documents';
import { assertInvariants, TestSystem, waitFor, type ApiClient } from '../support/system';

/** Three segments: their capacities are 1,048,520 and then 1,048,560 bytes of plaintext. */
const BYTES = 2_400_000;
const HEADER = 40;
const SEGMENT = 1_048_576;
const TAG = 16;

let system: TestSystem;
beforeAll(async () => {
  system = await TestSystem.start();
}, 60_000);
afterAll(() => system?.stop(), 30_000);

interface StoredFile {
  owner: ApiClient;
  fileId: string;
  plaintext: Buffer;
  path: string;
  sealed: Buffer;
}

interface FileRow {
  status: string;
  object_key: string;
  object_version: number;
  wrapped_dek: Buffer;
  kek_id: string;
  sha256: Buffer;
}

async function store(seed: number): Promise<StoredFile> {
  const owner = await system.client('ops');
  const plaintext = Buffer.concat([...largeDocument(BYTES, { seed })]);
  const { fileId } = await owner.uploadAndWait(plaintext);
  const path = (await system.pathOf((await rowOf(fileId)).object_key))!;
  return { owner, fileId, plaintext, path, sealed: await readFile(path) };
}

async function rowOf(fileId: string): Promise<FileRow> {
  const [row] = await system.query<FileRow>('SELECT * FROM files WHERE id = $1', [fileId]);
  return row!;
}

/** The mark follows the breaking of the transfer, which the client may notice first. */
async function markedCorrupt({ fileId }: StoredFile): Promise<void> {
  await waitFor('the file to be marked', async () => (await rowOf(fileId)).status === 'corrupt');
}

async function corruptEvents(fileId: string): Promise<number> {
  const [row] = await system.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM events WHERE type = 'file.corrupt' AND subject_id = $1
        AND data->>'code' = 'INTEGRITY_FAILURE'`,
    [fileId],
  );
  return row!.n;
}

/** Makes the file what it was, as only a test may. */
async function restore({ fileId, path, sealed }: StoredFile, row: FileRow): Promise<void> {
  await writeFile(path, sealed);
  await system.query(
    `UPDATE files SET status = $2, object_key = $3, object_version = $4, wrapped_dek = $5, kek_id = $6, sha256 = $7
     WHERE id = $1`,
    [fileId, row.status, row.object_key, row.object_version, row.wrapped_dek, row.kek_id, row.sha256],
  );
}

type Delivery =
  | { kind: 'refused'; status: number; code: string }
  /** The transfer broke after so many bytes. */
  | { kind: 'broken'; bytes: Buffer }
  | { kind: 'whole'; sha256: string };

/** Downloads, and tells a transfer that broke from one that looked complete to the client. */
async function download(client: ApiClient, path: string, range?: string): Promise<Delivery> {
  const headers: Record<string, string> = { authorization: `Bearer ${client.token}` };
  if (range) headers.range = range;
  const response = await fetch(`${client.baseUrl}${path}`, { headers });
  if (!response.ok) {
    const { code } = (await response.json()) as { code: string };
    return { kind: 'refused', status: response.status, code };
  }
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk);
    return whole(Buffer.concat(chunks));
  } catch {
    return { kind: 'broken', bytes: Buffer.concat(chunks) };
  }
}

const whole = (bytes: Buffer): Delivery => ({
  kind: 'whole',
  sha256: createHash('sha256').update(bytes).digest('hex'),
});
const contentOf = ({ fileId }: StoredFile): string => `/api/files/${fileId}/content`;
const INTEGRITY = { kind: 'refused', status: 500, code: 'INTEGRITY_FAILURE' };

/** Which bytes of the object are flipped: sixty, of every kind that there is. */
function sampledBytes(sealedBytes: number): [title: string, offset: number][] {
  const sampled: [string, number][] = [['the length of the header', 0]];
  for (let at = 1; at < 33; at += 4) sampled.push(['the salt', at]);
  for (let at = 33; at < HEADER; at++) sampled.push(['the nonce prefix', at]);
  for (const [segment, { start, end }] of segmentsOf(sealedBytes).entries()) {
    const body = end - TAG - start;
    for (const part of [0, 0.1, 0.5, 0.9, 1])
      sampled.push([`the body of segment ${segment}`, start + Math.floor((body - 1) * part)]);
    for (let at = end - TAG; at < end; at += segment === 1 ? 1 : 2)
      sampled.push([`the tag of segment ${segment}`, at]);
  }
  return sampled;
}

function segmentsOf(sealedBytes: number): { start: number; end: number }[] {
  return [0, 1, 2].map((index) => ({
    start: index === 0 ? HEADER : index * SEGMENT,
    end: Math.min((index + 1) * SEGMENT, sealedBytes),
  }));
}

describe('a sealed file whose bytes were changed', () => {
  let file: StoredFile;
  let bystander: StoredFile;
  let sound: FileRow;

  beforeAll(async () => {
    [file, bystander] = await Promise.all([store(1), store(2)]);
    sound = await rowOf(file.fileId);
  }, 30_000);

  afterEach(() => restore(file, sound));

  it('C02 flipping any of 60 sampled bytes breaks the download, marks the file and is announced', async () => {
    const sampled = sampledBytes(file.sealed.length);
    expect(sampled.length).toBeGreaterThanOrEqual(60);
    for (const [index, [title, offset]] of sampled.entries()) {
      const damaged = Buffer.from(file.sealed);
      damaged[offset]! ^= 1 << (index % 8);
      await writeFile(file.path, damaged);

      const told = await download(file.owner, contentOf(file));
      const where = `${title} (${offset})`;
      if (offset < SEGMENT) expect([where, told]).toEqual([where, INTEGRITY]);
      else {
        expect([where, told.kind]).toEqual([where, 'broken']);
        const { bytes } = told as { bytes: Buffer };
        // What was handed out before was verified: it is the beginning of the file, and ends before the damage.
        expect(bytes.equals(file.plaintext.subarray(0, bytes.length))).toBe(true);
        expect(bytes.length).toBeLessThan(offset);
      }
      await markedCorrupt(file);
      expect([where, await corruptEvents(file.fileId)]).toEqual([where, index + 1]);
      expect(await download(file.owner, contentOf(file), 'bytes=0-9')).toEqual(INTEGRITY);
      await restore(file, sound);
    }
    expect(await download(file.owner, contentOf(file))).toEqual(whole(file.plaintext));
  }, 60_000);

  it.each<[string, (sealed: Buffer) => Buffer]>([
    ['cut by a byte', (sealed) => sealed.subarray(0, -1)],
    ['cut at a segment', (sealed) => sealed.subarray(0, 2 * SEGMENT)],
    ['empty', () => Buffer.alloc(0)],
    ['longer by a byte', (sealed) => Buffer.concat([sealed, Buffer.of(0)])],
    [
      'altered so that two segments lie in each other’s place',
      (sealed) => {
        const [a, b] = [
          sealed.subarray(HEADER, SEGMENT - TAG),
          sealed.subarray(SEGMENT + HEADER, 2 * SEGMENT - TAG),
        ];
        const swapped = Buffer.from(sealed);
        swapped.set(b, HEADER);
        swapped.set(a, SEGMENT + HEADER);
        return swapped;
      },
    ],
    [
      'altered so that one segment holds the beginning of another',
      (sealed) => {
        const doubled = Buffer.from(sealed);
        doubled.set(sealed.subarray(SEGMENT, SEGMENT + 10_000), 2 * SEGMENT);
        return doubled;
      },
    ],
  ])('C02 an object that is %s is never handed out whole', async (_title, tamper) => {
    await writeFile(file.path, tamper(file.sealed));
    expect((await download(file.owner, contentOf(file))).kind).not.toBe('whole');
    await markedCorrupt(file);
  });

  it('C02 a range that touches the damage is refused, one that does not is right until then', async () => {
    const damaged = Buffer.from(file.sealed);
    damaged[SEGMENT + 5]! ^= 1;
    await writeFile(file.path, damaged);
    const client = await system.client('client');
    const link = await client.downloadLink(file.fileId);
    const first = await download(client, link, 'bytes=100-199');
    expect(first).toEqual(whole(file.plaintext.subarray(100, 200)));
    expect(await download(client, link, 'bytes=1048520-1048530')).toEqual(INTEGRITY);
    expect(await download(client, link, 'bytes=100-199')).toEqual(INTEGRITY);
  });

  it('C02 fsck names the damaged file, and no other', async () => {
    const damaged = Buffer.from(file.sealed);
    damaged[2 * SEGMENT + 1]! ^= 0x80;
    await writeFile(file.path, damaged);
    await assertInvariants(system, { damaged: [file.fileId] });
    expect((await download(bystander.owner, contentOf(bystander))).kind).toBe('whole');
    await restore(file, sound);
    await assertInvariants(system);
  }, 30_000);
});

describe('two sealed files of two owners', () => {
  let mine: StoredFile;
  let yours: StoredFile;
  let rows: [FileRow, FileRow];

  beforeAll(async () => {
    [mine, yours] = await Promise.all([store(3), store(4)]);
    rows = [await rowOf(mine.fileId), await rowOf(yours.fileId)];
  }, 30_000);

  afterEach(async () => {
    await restore(mine, rows[0]);
    await restore(yours, rows[1]);
  });

  const swapObjects = async (): Promise<void> => {
    await writeFile(mine.path, yours.sealed);
    await writeFile(yours.path, mine.sealed);
  };
  const giveKey = (to: StoredFile, { wrapped_dek, kek_id }: FileRow): Promise<unknown> =>
    system.query('UPDATE files SET wrapped_dek = $2, kek_id = $3 WHERE id = $1', [
      to.fileId,
      wrapped_dek,
      kek_id,
    ]);
  const swapKeys = async (): Promise<void> => {
    await giveKey(mine, rows[1]);
    await giveKey(yours, rows[0]);
  };

  it.each<[string, () => Promise<void>, () => StoredFile[]]>([
    ['objects swapped', swapObjects, () => [mine, yours]],
    ['wrapped keys swapped', swapKeys, () => [mine, yours]],
    [
      'objects and wrapped keys swapped',
      async () => {
        await swapObjects();
        await swapKeys();
      },
      () => [mine, yours],
    ],
    [
      'one’s object, wrapped key and digest copied onto the other’s id',
      async () => {
        await writeFile(yours.path, mine.sealed);
        await giveKey(yours, rows[0]);
        await system.query('UPDATE files SET sha256 = $2 WHERE id = $1', [yours.fileId, rows[0].sha256]);
      },
      () => [yours],
    ],
    [
      'the version of the object changed',
      async () => {
        await system.query('UPDATE files SET object_version = object_version + 1 WHERE id = $1', [
          mine.fileId,
        ]);
      },
      () => [mine],
    ],
  ])(
    'C06 %s: neither opens, and fsck names them',
    async (_title, tamper, victims) => {
      const expected = victims();
      await tamper();
      await assertInvariants(system, { damaged: expected.map(({ fileId }) => fileId) });
      for (const victim of expected) {
        expect(await download(victim.owner, contentOf(victim))).toEqual(INTEGRITY);
        expect((await rowOf(victim.fileId)).status).toBe('corrupt');
      }
      for (const file of [mine, yours].filter((each) => !expected.includes(each))) {
        expect(await download(file.owner, contentOf(file))).toEqual(whole(file.plaintext));
      }
    },
    30_000,
  );

  it('C06 as they were, both open', async () => {
    for (const file of [mine, yours])
      expect(await download(file.owner, contentOf(file))).toEqual(whole(file.plaintext));
    await assertInvariants(system);
  }, 30_000);
});
