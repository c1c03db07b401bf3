import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { genuine, largeDocument } from '../fixtures/documents';
import { assertInvariants, OpenUpload, TestSystem, waitFor, type ApiClient } from '../support/system';

jest.setTimeout(240_000);

const CLI = join(__dirname, '../../dist/apps/cli/main.js');
const DOWNLOADERS = 4;
const UPLOADS = 5;

let system: TestSystem;
let owner: ApiClient;

beforeAll(async () => {
  system = await TestSystem.start({
    apis: 2,
    env: { UPLOAD_PART_SECONDS: '0.2', UPLOAD_IDLE_SECONDS: '120' },
  });
  owner = await system.client('ops');
}, 60_000);
afterAll(() => system?.stop(), 30_000);

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

interface Key {
  id: string;
  createdAt: string;
}

async function keyring(): Promise<{ primary: string; keys: Key[] }> {
  return JSON.parse(await readFile(system.env.KEYRING_FILE!, 'utf8')) as { primary: string; keys: Key[] };
}

/** Every data key as it rests, by what it belongs to. */
async function dataKeys(): Promise<Map<string, { kek: string; wrapped: string }>> {
  const rows = await system.query<{ id: string; kek: string; wrapped: string }>(
    `SELECT id, kek_id AS kek, encode(wrapped_dek, 'hex') AS wrapped FROM files WHERE wrapped_dek IS NOT NULL
     UNION ALL SELECT id, kek_id, encode(wrapped_dek, 'hex') FROM uploads WHERE wrapped_dek IS NOT NULL`,
  );
  return new Map(rows.map(({ id, ...key }) => [id, key]));
}

async function storedBytes(): Promise<Map<string, string>> {
  const paths = (await system.storedFiles()).filter((path) => path.includes('vault'));
  return new Map(
    await Promise.all(
      paths.map(async (path) => [path, sha256(await readFile(join(system.objectsDir, path)))] as const),
    ),
  );
}

/** Downloads one file after the other, as many at once as there are downloaders, until it is told to stop. */
function downloading(files: { id: string; hash: string }[]) {
  let stopped = false;
  let done = 0;
  const run = async (at: number): Promise<void> => {
    while (!stopped) {
      const { id, hash } = files[(at + done) % files.length]!;
      const { status, body, bytes } = await owner.at(system.urls[at % 2]!).get(`/api/files/${id}/content`);
      expect([status, body, sha256(bytes)]).toEqual([200, null, hash]);
      done += 1;
    }
  };
  const all = Promise.all(Array.from({ length: DOWNLOADERS }, (_, at) => run(at)));
  all.catch(() => (stopped = true));
  return {
    async stop(): Promise<number> {
      stopped = true;
      await all;
      return done;
    },
  };
}

/** Runs a rotation that is killed in the middle: uploads are done, and a file's row is out of its reach. */
async function rotateHalfway(fileId: string): Promise<void> {
  const holder = new Client({ connectionString: system.database.url });
  await holder.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM files WHERE id = $1 FOR UPDATE', [fileId]);
    const env = { PATH: process.env.PATH, ...system.env };
    const rotation = spawn(process.execPath, [CLI, 'keys:rotate'], { env, stdio: 'ignore' });
    const ended = once(rotation, 'exit');
    await waitFor('the rotation to stand before a row', async () => {
      const [row] = await system.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE files AS home%'`,
      );
      return row!.n > 0;
    });
    rotation.kill('SIGKILL');
    await ended;
    // The server would not notice before it has the row, and then finish the statement of a client that is no more.
    await system.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND query LIKE 'UPDATE files AS home%'`,
    );
  } finally {
    await holder.query('ROLLBACK');
    await holder.end();
  }
}

it('C09 the KEK is rotated while transfers run, killed half-way, run again, and the old one retired', async () => {
  const documents = [genuine('report.docx'), Buffer.concat([...largeDocument(3_000_000)])];
  const files = await Promise.all(
    documents.map(async (bytes) => ({ id: (await owner.uploadAndWait(bytes)).fileId, hash: sha256(bytes) })),
  );
  const document = Buffer.concat([...largeDocument(400_000)]);
  const uploads = Array.from({ length: UPLOADS }, () => new OpenUpload(owner, document.length));
  for (const upload of uploads) await upload.send(document.subarray(0, 200_000));
  await waitFor('parts to be staged', async () => {
    const [row] = await system.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM uploads WHERE offset_bytes > 0 AND status = 'uploading'`,
    );
    return row!.n === UPLOADS;
  });
  const before = await storedBytes();
  const { primary: old } = await keyring();
  const downloads = downloading(files);

  await rotateHalfway(files[0]!.id);
  const { primary, keys } = await keyring();
  expect(primary).not.toBe(old);
  expect(keys.map(({ id }) => id)).toEqual([old, primary]);
  const halfway = await dataKeys();
  expect(new Set([...halfway.values()].map(({ kek }) => kek))).toEqual(new Set([old, primary]));
  expect((await system.cli('keys:rotate', '--retire', old, '--grace', '0')).code).toBe(1);

  // What begins now is under the new key at once, in processes that were there before it.
  const late = await owner.at(system.urls[1]!).upload(genuine('report.docx'), {});
  expect(late.status).toBe(201);

  const again = await system.cli('keys:rotate');
  expect([again.code, again.stderr.includes('not rewrapped')]).toEqual([0, false]);
  const rotated = await dataKeys();
  expect(new Set([...rotated.values()].map(({ kek }) => kek))).toEqual(new Set([primary]));
  expect(await keyring()).toMatchObject({ primary });

  const third = await system.cli('keys:rotate');
  expect(third.code).toBe(0);
  for (const [id, { wrapped }] of await dataKeys()) {
    if (rotated.has(id)) expect([id, wrapped]).toEqual([id, rotated.get(id)!.wrapped]);
  }

  expect(await system.cli('keys:rotate', '--retire', old, '--grace', '1')).toMatchObject({ code: 0 });
  expect((await keyring()).keys.map(({ id }) => id)).toEqual([primary]);
  const deeds = await system.query(
    `SELECT action, data FROM audit_log WHERE action LIKE 'keyring.%' ORDER BY id`,
  );
  expect(deeds.map(({ action }) => action)).toContain('keyring.rotated');
  expect(deeds.at(-1)).toEqual({ action: 'keyring.retired', data: { kekId: old } });

  for (const upload of uploads) {
    await upload.send(document.subarray(200_000));
    expect((await upload.finish()).status).toBe(201);
    await owner.waitForStatus(upload.uploadId, 'completed');
  }
  expect(await downloads.stop()).toBeGreaterThan(DOWNLOADERS);
  const after = await storedBytes();
  for (const [path, hash] of before) expect([path, after.get(path)]).toEqual([path, hash]);
  await assertInvariants(system);
});

it('C09 says what there is, and does nothing that would lose a file', async () => {
  const { primary } = await keyring();
  const status = await system.cli('keys:rotate', '--status');
  expect(status).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(`^${primary}  \\S+  primary  \\d+ data keys\\n$`),
  });
  expect(await system.cli('keys:rotate', '--retire', primary)).toMatchObject({ code: 2 });
  expect(await system.cli('keys:rotate', '--retire', 'unknown')).toMatchObject({ code: 0 });
  const prepared = (await system.cli('keys:rotate', '--prepare')).stdout.trim();
  expect(await keyring()).toMatchObject({ primary, keys: [{ id: primary }, { id: prepared }] });
  expect(await system.cli('keys:rotate')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`--to ${prepared}`),
  });
  expect(await system.cli('keys:rotate', '--to', prepared)).toMatchObject({ code: 0 });
  expect(new Set([...(await dataKeys()).values()].map(({ kek }) => kek))).toEqual(new Set([prepared]));
  const damaged = await system.query(
    `UPDATE files SET wrapped_dek = set_byte(wrapped_dek, 30, get_byte(wrapped_dek, 30) # 1), kek_id = $1
     WHERE id = (SELECT id FROM files WHERE wrapped_dek IS NOT NULL LIMIT 1) RETURNING id, wrapped_dek`,
    [primary],
  );
  const failed = await system.cli('keys:rotate');
  expect(failed).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`not rewrapped: files ${damaged[0].id}`),
  });
  expect(await system.query('SELECT wrapped_dek FROM files WHERE id = $1', [damaged[0].id])).toEqual([
    { wrapped_dek: damaged[0].wrapped_dek },
  ]);
});
