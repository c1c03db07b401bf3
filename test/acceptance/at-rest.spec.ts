import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileKeyring } from '@waybill/platform/keyring';
import { Redis } from 'ioredis';
import { largeDocument } from '../fixtures/documents';
import {
  assertInvariants,
  encodings,
  keyOf,
  LeakScanner,
  OpenUpload,
  OwnServices,
  TestSystem,
  waitFor,
  withMoments,
  type ApiClient,
  type Leak,
} from '../support/system';
import { OpenPatch, TusClient } from '../support/tus';

const MIB = 1024 * 1024;
/** In a genuine document's media part, at every 4 KiB of it. */
const MARKER = randomBytes(48).toString('base64');

let services: OwnServices;
let system: TestSystem;
let owner: ApiClient;
let tmp: string;

beforeAll(async () => {
  services = await OwnServices.start({ durable: false });
  tmp = join(services.dataDir, 'tmp');
  await mkdir(tmp);
  system = await TestSystem.start({
    services,
    env: {
      TMPDIR: tmp,
      LOG_LEVEL: 'debug',
      LEASE_SECONDS: '1',
      UPLOAD_PART_SECONDS: '0.3',
      UPLOAD_PART_BYTES: String(2 * MIB),
      SEALING_ATTEMPTS: '2',
    },
  });
  owner = await system.client('ops');
}, 60_000);

afterAll(async () => {
  await system?.stop();
  await services?.stop();
}, 60_000);

/** Everything that the product, its database and its Redis have written and hold open, at this moment. */
async function scanEverything(scanner: LeakScanner): Promise<Leak[]> {
  await system.query('CHECKPOINT'); // What is only in PostgreSQL's memory goes to its files, too.
  const alive = system.processes.filter((each) => each.alive);
  const keyring = system.env.KEYRING_FILE!;
  const found = await Promise.all([
    scanner.inTree(system.dataDir, { except: [keyring] }),
    scanner.inTree(services.dataDir), // PGDATA, its WAL and its log; the folder for temporary files
    scanner.inRedis(system.env.REDIS_URL!),
    ...alive.map(({ pid }) => scanner.inOpenFiles(pid)),
  ]);
  const logs = system.processes.map(({ name, output }) => scanner.inText(`log of the ${name}`, output));
  return [...found, ...logs].flat();
}

async function rowOf<Row = any>(table: 'uploads' | 'files', id: string): Promise<Row> {
  const [row] = await system.query<Row>(`SELECT * FROM ${table} WHERE id = $1`, [id]);
  return row!;
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('the scanner', () => {
  it('C10 finds what is planted, in every encoding and in every place', async () => {
    const secret = Buffer.from(randomBytes(48).toString('base64'));
    const scanner = new LeakScanner({ planted: secret });
    for (const [encoding, encoded] of encodings(secret.subarray(0, 32))) {
      const found = scanner.inBytes('here', Buffer.concat([randomBytes(5), encoded, randomBytes(5)]));
      expect([encoding, found.map((leak) => leak.secret)]).toEqual([
        encoding,
        expect.arrayContaining(['planted']),
      ]);
    }
    expect(await scanEverything(scanner)).toEqual([]);

    const redis = new Redis(system.env.REDIS_URL!);
    const handle = await open(join(tmp, 'removed'), 'w');
    try {
      await handle.writeFile(Buffer.concat([randomBytes(9 * MIB), secret]));
      await unlink(join(tmp, 'removed'));
      await writeFile(join(system.dataDir, 'planted'), Buffer.from(secret.toString(), 'utf16le'));
      await writeFile(join(tmp, 'planted'), secret.toString('hex'));
      await system.query(`CREATE TABLE planted AS SELECT $1::text AS v`, [secret.toString('base64')]);
      await redis.hset('planted', 'field', secret);

      const places = [...new Set((await scanEverything(scanner)).map(({ where }) => where))];
      for (const place of [join(system.dataDir, 'planted'), join(tmp, 'planted'), 'Redis: planted'])
        expect(places).toContain(place);
      for (const folder of ['base', 'pg_wal'])
        expect(places.filter((place) => place.startsWith(join(services.pgData, folder)))).not.toEqual([]);
      expect(await scanner.inOpenFiles(process.pid)).not.toEqual([]);
    } finally {
      await handle.close();
      await redis.del('planted');
      redis.disconnect();
      for (const folder of [system.dataDir, tmp]) await unlink(join(folder, 'planted'));
      await system.query('DROP TABLE planted');
    }
  }, 60_000);
});

describe('plaintext', () => {
  const plaintext = Buffer.concat([...largeDocument(12 * MIB, { marker: MARKER })]);
  const scanner = new LeakScanner({ marker: Buffer.from(MARKER) });
  let uploadId: string;
  let fileId: string;

  it('C10 is nowhere while an upload stands still half-way', async () => {
    expect(scanner.inBytes('the document', plaintext).length).toBeGreaterThan(5_000);
    const upload = new OpenUpload(owner, plaintext.length);
    await upload.send(plaintext.subarray(0, plaintext.length / 2));
    const arrived = async (): Promise<number> => (await rowOf('uploads', upload.uploadId))?.offset_bytes ?? 0;
    await waitFor('half of it to be durable', async () => (await arrived()) > plaintext.length / 2 - MIB);
    // Some more, so that a part is open.
    await upload.send(plaintext.subarray(plaintext.length / 2, plaintext.length / 2 + 700_000));
    expect(await scanEverything(scanner)).toEqual([]);
    expect((await system.storedFiles()).filter((path) => path.startsWith('staging/'))).not.toEqual([]);
  }, 60_000);

  it('C10 is nowhere while a resumable upload is paused half-way, and while a PATCH stands still', async () => {
    const tus = new TusClient(owner);
    const path = await tus.begin(plaintext.length);
    const half = plaintext.length / 2;
    expect((await tus.patch(path, 0, plaintext.subarray(0, half))).status).toBe(204);
    expect(await scanEverything(scanner)).toEqual([]);
    const patch = new OpenPatch(owner, path, half, half);
    await patch.send(plaintext.subarray(half, half + 1_500_000));
    await waitFor('some of it to be durable', async () => (await tus.offset(path)) > half);
    const checked = { 'upload-checksum': `sha1 ${createHash('sha1').update(plaintext).digest('base64')}` };
    const refused = await tus.patch(
      await tus.begin(plaintext.length),
      0,
      plaintext.subarray(0, half),
      checked,
    );
    expect(refused.status).toBe(460);
    expect(await scanEverything(scanner)).toEqual([]);
  }, 60_000);

  it('C10 is nowhere after the API was killed in the middle of it', async () => {
    await system.apis[0]!.kill9();
    expect(await scanEverything(scanner)).toEqual([]);
    await system.startApi();
  }, 60_000);

  it('C10 is nowhere when all of it is staged', async () => {
    await system.workers[0]!.kill9();
    const answer = await owner.upload(plaintext);
    expect(answer.status).toBe(201);
    ({ uploadId, fileId } = answer.body as { uploadId: string; fileId: string });
    expect(await scanEverything(scanner)).toEqual([]);
  }, 60_000);

  it('C10 is nowhere after the worker was killed while it sealed', async () => {
    const worker = system.startWorker(0, withMoments({ crash: { at: 'before write vault', nth: 8 } }));
    await worker.exited;
    expect((await rowOf('uploads', uploadId)).status).toBe('encrypting');
    expect((await system.storedFiles()).filter((path) => path.startsWith('vault/'))).not.toEqual([]);
    expect(await scanEverything(scanner)).toEqual([]);
  }, 60_000);

  it('C10 is nowhere when it was sealed and downloaded', async () => {
    await system.workerReady(system.startWorker());
    await owner.waitForStatus(uploadId, 'completed');
    const client = await system.client('client');
    const { bytes } = await client.get(await client.downloadLink(fileId));
    expect(sha256(bytes)).toBe(sha256(plaintext));
    expect(await scanEverything(scanner)).toEqual([]);
    await assertInvariants(system);
  }, 60_000);
});

describe('keys', () => {
  const plaintext = Buffer.concat([...largeDocument(100_000, { seed: 7 })]);
  const bodies: string[] = [];
  const keys: Record<string, Buffer> = {};

  interface Wrapped {
    wrapped_dek: Buffer;
    kek_id: string;
  }

  async function unwrap(
    purpose: 'staging' | 'file',
    id: string,
    version: number,
    row: Wrapped,
  ): Promise<Buffer> {
    const keyring = await FileKeyring.open(system.env.KEYRING_FILE!);
    return keyring.unwrap({ kekId: row.kek_id, wrapped: row.wrapped_dek }, { purpose, id, version });
  }

  async function refused(answer: Promise<{ status: number; bytes: Buffer }>, status: number): Promise<void> {
    const { status: got, bytes } = await answer;
    expect([got, bytes.toString()]).toEqual([status, expect.anything()]);
    bodies.push(bytes.toString());
  }

  it('C11 jobs carry ids and counts only, those of the request that made them among them', async () => {
    await system.workers[0]!.kill9();
    const { body } = await owner.upload(plaintext, {
      name: 'Geheim.docx',
      fields: { title: 'Secret title' },
    });
    const redis = new Redis(system.env.REDIS_URL!);
    try {
      const job = await redis.hgetall(`bull:encryption:${body.uploadId}:0`);
      const requestId = expect.stringMatching(/^[A-Za-z0-9._~-]{1,128}$/);
      expect(JSON.parse(job.data!)).toEqual({ uploadId: body.uploadId, attempt: 0, requestId });
      for (const key of await redis.keys('bull:*')) {
        if ((await redis.type(key)) !== 'hash') continue;
        const { data } = await redis.hgetall(key);
        const { requestId: _, ...rest } = JSON.parse(data ?? '{}') as Record<string, unknown>;
        for (const value of Object.values(rest))
          expect(String(value)).toMatch(/^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+)$/);
      }
      const names = new LeakScanner({ name: Buffer.from('Geheim.docx'), title: Buffer.from('Secret title') });
      expect(await names.inRedis(system.env.REDIS_URL!)).toEqual([]);
    } finally {
      redis.disconnect();
    }

    const keyring = JSON.parse(await readFile(system.env.KEYRING_FILE!, 'utf8'));
    keys.KEK = Buffer.from(keyring.keys[0].key, 'base64');
    keys['staging DEK'] = await unwrap('staging', body.uploadId, 1, await rowOf('uploads', body.uploadId));
    expect(await scanEverything(new LeakScanner(keys))).toEqual([]);

    await system.workerReady(system.startWorker());
    await owner.waitForStatus(body.uploadId, 'completed');
    const file = await rowOf('files', body.fileId);
    keys['file DEK'] = await unwrap('file', body.fileId, file.object_version, file);
  }, 60_000);

  it('C11 no key is said when things that need keys go wrong', async () => {
    const [victim, other] = await Promise.all([
      owner.uploadAndWait(plaintext),
      owner.uploadAndWait(plaintext),
    ]);
    const row = await rowOf('files', victim.fileId);
    const content = (id: string) => owner.get(`/api/files/${id}/content`);

    // A wrapped key that is damaged, that is another file's, that names a KEK that is not there.
    const flipped = Buffer.from(row.wrapped_dek);
    flipped[20]! ^= 1;
    const foreign = (await rowOf('files', other.fileId)).wrapped_dek;
    for (const [wrapped, kekId, status] of [
      [flipped, row.kek_id, 500],
      [foreign, row.kek_id, 500],
      [row.wrapped_dek, 'no-such-kek', 503],
    ] as const) {
      await system.query(
        `UPDATE files SET wrapped_dek = $2, kek_id = $3, status = 'available' WHERE id = $1`,
        [victim.fileId, wrapped, kekId],
      );
      await refused(content(victim.fileId), status);
    }
    await system.query(`UPDATE files SET wrapped_dek = $2, kek_id = $3, status = 'available' WHERE id = $1`, [
      victim.fileId,
      row.wrapped_dek,
      row.kek_id,
    ]);

    // An object that is damaged.
    const path = (await system.pathOf(row.object_key))!;
    const sealed = await readFile(path);
    await writeFile(
      path,
      Buffer.concat([sealed.subarray(0, 60), Buffer.of(sealed[60]! ^ 1), sealed.subarray(61)]),
    );
    await refused(content(victim.fileId), 500);
    await writeFile(path, sealed);
    await system.query(`UPDATE files SET status = 'available' WHERE id = $1`, [victim.fileId]);

    // A keyring that is readable by others, cut off in the middle of a key, or empty.
    const keyring = system.env.KEYRING_FILE!;
    const text = await readFile(keyring, 'utf8');
    await chmod(keyring, 0o644);
    await refused(owner.upload(plaintext), 503);
    await chmod(keyring, 0o600);
    for (const broken of [
      text.slice(0, text.indexOf('"key"') + 30),
      text.replace(/"key": ".{8}/, '"key": "'),
      '',
    ]) {
      await writeFile(keyring, broken);
      await refused(owner.upload(plaintext), 503);
    }
    await writeFile(keyring, text);

    // Staged bytes that are damaged: the sealing fails, in the worker, until it is given up.
    await system.workers[0]!.kill9();
    const { body } = await owner.upload(plaintext);
    const [part] = await system.query('SELECT object_key FROM upload_parts WHERE upload_id = $1', [
      body.uploadId,
    ]);
    const staged = (await system.pathOf(part.object_key))!;
    const bytes = await readFile(staged);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(staged, bytes);
    await system.workerReady(system.startWorker());
    await owner.waitForStatus(body.uploadId, 'failed');
    expect(system.workers[0]!.output).toContain('INTEGRITY_FAILURE');
    bodies.push(JSON.stringify((await owner.get(`/api/upload/progress/${body.uploadId}`)).body));
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(staged, bytes);

    const scanner = new LeakScanner(keys);
    expect(bodies.flatMap((text) => scanner.inText('a body', text))).toEqual([]);
    expect(await scanEverything(scanner)).toEqual([]);
    await assertInvariants(system);
  }, 120_000);

  it('C11 the database holds keys as they are wrapped, and in no other way', async () => {
    expect(Object.keys(keys)).toEqual(['KEK', 'staging DEK', 'file DEK']);
    const tables = await system.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    let dump = '';
    for (const { name } of tables) {
      const rows = await system.query<{ row: string }>(`SELECT t::text AS row FROM "${name}" t`);
      dump += rows.map(({ row }) => `${name} ${row}\n`).join('');
    }
    const [{ wrapped_dek: wrapped }] = await system.query('SELECT wrapped_dek FROM files LIMIT 1');
    // The dump does hold keys: the wrapped ones are found.
    expect(new LeakScanner({ wrapped }).inText('the dump', dump)).not.toEqual([]);
    expect(new LeakScanner(keys).inText('the dump', dump)).toEqual([]);
  }, 30_000);
});

describe('one and the same file, many times over', () => {
  const TIMES = 150;
  const HEADER = 40;

  /** What of a stored object must never come twice. */
  async function fingerprints(keys: string[]): Promise<string[]> {
    const paths = new Map((await system.storedFiles()).map((path) => [keyOf(path), path]));
    const seen: string[] = [];
    for (const key of keys) {
      const sealed = await readFile(join(system.objectsDir, paths.get(key)!));
      const parts = {
        salt: [1, 33],
        prefix: [33, HEADER],
        block: [HEADER, HEADER + 16],
        tag: [-16],
      } as const;
      for (const [name, [from, to]] of Object.entries(parts))
        seen.push(`${name} ${sealed.subarray(from, to).toString('hex')}`);
    }
    return seen;
  }

  it(`C12 ${TIMES} times the same file: every salt, prefix, wrapped key, first block and tag is another`, async () => {
    const plaintext = Buffer.concat([...largeDocument(8_192)]);
    await system.workers[0]!.kill9();
    const uploads: string[] = [];
    const send = async (): Promise<void> => {
      while (uploads.length < TIMES) {
        const at = uploads.push('') - 1;
        const answer = await owner.upload(plaintext);
        expect(answer.status).toBe(201);
        uploads[at] = answer.body.uploadId as string;
      }
    };
    await Promise.all(Array.from({ length: 8 }, send));

    const staged = await system.query(
      `SELECT part.object_key AS key, upload.wrapped_dek AS dek FROM upload_parts part
       JOIN uploads upload ON upload.id = part.upload_id WHERE upload.id = ANY($1)`,
      [uploads],
    );
    const seen = await fingerprints(staged.map(({ key }) => key as string));
    await system.workerReady(system.startWorker());
    for (const id of uploads) await owner.waitForStatus(id, 'completed');
    const sealed = await system.query(
      `SELECT file.object_key AS key, file.wrapped_dek AS dek FROM files file
       JOIN uploads upload ON upload.file_id = file.id WHERE upload.id = ANY($1)`,
      [uploads],
    );
    seen.push(...(await fingerprints(sealed.map(({ key }) => key as string))));
    seen.push(...[...staged, ...sealed].map(({ dek }) => `wrapped ${(dek as Buffer).toString('hex')}`));

    expect([staged.length, sealed.length]).toEqual([TIMES, TIMES]);
    expect(seen.length).toBe(2 * TIMES * 5);
    expect(new Set(seen).size).toBe(seen.length);
    await assertInvariants(system);
  }, 120_000);
});
