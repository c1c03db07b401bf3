import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { genuine, largeDocument } from '../fixtures/documents';
import { assertInvariants, TestSystem, waitFor, withMoments, type ApiClient } from '../support/system';

jest.setTimeout(60_000);

const MIB = 1024 * 1024;
const disk = mkdtempSync(join(tmpdir(), 'waybill-small-disk-'));
const mounted = mountSmallDisk();

/** Who may not mount has a store whose writes fail in the same way. */
function mountSmallDisk(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m,mode=700', 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let system: TestSystem;
let ops: ApiClient;

beforeAll(async () => {
  // Small parts: a part that is not committed leaves what is before it to be swept as well.
  system = await TestSystem.start({ env: { STORAGE_DIR: disk, UPLOAD_PART_BYTES: String(4 * MIB) } });
  ops = await system.client('ops');
}, 60_000);
afterAll(async () => {
  await system?.stop();
  if (mounted) execFileSync('umount', ['--lazy', disk]);
  rmSync(disk, { recursive: true, force: true });
}, 30_000);

const ready = async (): Promise<number> => (await system.anonymous().get('/api/health/ready')).status;

async function restart(plan: Parameters<typeof withMoments>[0] | null): Promise<void> {
  await system.apis[0]!.stop();
  await system.startApi(0, plan === null ? {} : withMoments(plan));
}

async function smallUploadWorks(): Promise<void> {
  const document = Buffer.concat([...largeDocument(MIB)]);
  const { fileId } = await ops.uploadAndWait(document);
  expect((await ops.get(`/api/files/${fileId}/content`)).bytes.equals(document)).toBe(true);
  expect((await ops.delete(`/api/files/${fileId}`)).status).toBe(204);
  await system.waitUntilSwept();
}

it.each([
  ['/api/upload', {}],
  ['/api/upload/media', { name: 'a.mp4', type: 'video/mp4', fields: { fileType: 'video' } }],
])(
  'U20 a disk of 20 MiB that an upload fills at %s is a 507, and has room again at once',
  async (path, options) => {
    if (!mounted) await restart({ fail: { operation: 'write staging', code: 'ENOSPC' } });
    const { pid } = system.apis[0]!;
    const answer = await ops.upload(Buffer.alloc(50 * MIB, 7), { path, ...options });
    expect([answer.status, answer.body.code]).toEqual([507, 'STORAGE_FULL']);
    expect(answer.body.detail).not.toContain(disk);
    expect(system.apis[0]!.pid).toBe(pid);
    await system.waitUntilSwept();
    expect(await system.storedFiles()).toEqual([]);
    expect(await system.query('SELECT 1 FROM storage_usage WHERE used_bytes > 0')).toEqual([]);
    if (!mounted) await restart(null);
    expect(await ready()).toBe(200);
    await smallUploadWorks();
  },
);

it('U20 a full disk shows in readiness, for as long as it is full', async () => {
  // Where there is no small disk, readiness cannot write what it tries to write for another reason.
  const obstacle = mounted ? join(disk, 'others') : join(disk, `~check-${system.apis[0]!.pid}`);
  if (mounted) fill(obstacle);
  else mkdirSync(obstacle);
  const answer = await system.anonymous().get('/api/health/ready');
  expect([answer.status, answer.body.errors]).toEqual([503, [{ pointer: 'storage', detail: 'is down' }]]);
  rmSync(obstacle, { recursive: true });
  expect(await ready()).toBe(200);
  await smallUploadWorks();
});

/** Writes to a file until there is no room for another byte. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  } finally {
    closeSync(file);
  }
}

it.each([
  ['EDQUOT', 507, 'STORAGE_FULL'],
  ['EROFS', 503, 'DEPENDENCY_UNAVAILABLE'],
  ['ENOSPC', 507, 'STORAGE_FULL'],
])('U20 %s under the bytes of an upload is a %i, without a trace', async (code, status, problem) => {
  await restart({ fail: { operation: 'write staging', code } });
  for (const photo of [false, true]) {
    const answer = photo
      ? await ops.upload(genuine('photo.jpg'), {
          path: '/api/upload/media',
          name: 'a.jpg',
          type: 'image/jpeg',
          fields: { fileType: 'photo' },
        })
      : await ops.upload(Buffer.concat([...largeDocument(MIB)]));
    expect([answer.status, answer.body.code]).toEqual([status, problem]);
  }
});

it('U20 all is well when the disk is', async () => {
  await restart(null);
  await smallUploadWorks();
  await waitFor('nothing to be left', async () => (await system.storedFiles()).length === 0);
  await assertInvariants(system);
});
