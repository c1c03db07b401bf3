import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noise } from '../testing/noise';
import { ObservedFileSystem } from '../testing/observed-file-system';
import type { File } from './file-system';
import { LocalObjectStore } from './local.store';

const KiB = 1024;
const MiB = 1024 * KiB;

const mount = (...args: string[]) => execFileSync('mount', args, { stdio: 'ignore' });
const mountSmallDisk = (at: string) => mount('-t', 'tmpfs', '-o', 'size=2m,mode=700', 'tmpfs', at);
const unmount = (at: string) => execFileSync('umount', ['--lazy', at]);

const newDirectory = () => mkdtempSync(join(tmpdir(), 'waybill-full-'));

/** Undone at once: a run that selects no test of this file would not come to the hook that undoes it. */
function mayMount(): boolean {
  const directory = newDirectory();
  try {
    mountSmallDisk(directory);
    unmount(directory);
    return true;
  } catch {
    process.emitWarning('No right to mount a file system here: only /dev/full stands in for the full disk.');
    return false;
  } finally {
    rmdirSync(directory);
  }
}

async function put(store: LocalObjectStore, key: string, content: Buffer): Promise<void> {
  const writer = await store.create(key);
  try {
    for (let at = 0; at < content.length; at += 100 * KiB)
      void writer.write([content.subarray(at, at + 100 * KiB)]);
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function keysOf(store: LocalObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

(mayMount() ? describe : describe.skip)('U20 LocalObjectStore on a disk of 2 MiB', () => {
  let disk: string;
  let store: LocalObjectStore;
  beforeAll(() => {
    disk = newDirectory();
    mountSmallDisk(disk);
    store = new LocalObjectStore(disk);
  });
  afterAll(() => {
    unmount(disk);
    rmdirSync(disk);
  });

  it('says that it is full, gives the room back, and takes what fits', async () => {
    await store.check();
    for (let i = 0; i < 5; i++) {
      await expect(put(store, `staging/big/${i}`, noise(4 * MiB))).rejects.toMatchObject({
        code: 'STORAGE_FULL',
        cause: { code: 'ENOSPC' },
      });
      expect(await keysOf(store)).toEqual([]);
    }
    await put(store, 'staging/small/1', noise(MiB));
    expect(await store.head('staging/small/1')).toMatchObject({ size: MiB });
    await store.delete('staging/small/1');
  });

  it('fails its check while it is full, and passes when an object was deleted', async () => {
    let taken = 0;
    const fill = async (size: number) => {
      for (;;) await put(store, `vault/fill/${taken}`, noise(size)).then(() => taken++);
    };
    await expect(fill(64 * KiB)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    await expect(fill(4 * KiB)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    await expect(store.check()).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    await store.delete('vault/fill/0');
    await store.check();
    for (let i = 1; i < taken; i++) await store.delete(`vault/fill/${i}`);
  });

  it('reads on, and refuses to write, once it was mounted read-only', async () => {
    await put(store, 'vault/kept/1', noise(100));
    mount('-o', 'remount,ro', disk);
    try {
      const unavailable = { code: 'DEPENDENCY_UNAVAILABLE', cause: { code: 'EROFS' } };
      await expect(store.check()).rejects.toMatchObject(unavailable);
      await expect(store.create('vault/new/1')).rejects.toMatchObject(unavailable);
      await expect(store.delete('vault/kept/1')).rejects.toMatchObject(unavailable);
      const reader = await store.open('vault/kept/1');
      const content = Buffer.alloc(100);
      await reader.read(content, 0);
      await reader.close();
      expect(content.equals(noise(100))).toBe(true);
    } finally {
      mount('-o', 'remount,rw', disk);
    }
    await store.check();
  });
});

describe('U20 LocalObjectStore on /dev/full', () => {
  /** Files are made as ever; their bytes go where the kernel has room for none. */
  class FullDisk extends ObservedFileSystem {
    override async open(path: string, flags: number, mode?: number): Promise<File> {
      const file = await super.open(path, flags, mode);
      if (mode === undefined) return file;
      return {
        ...file,
        writev: (async (buffers: Buffer[]) => {
          const full = await open('/dev/full', 'r+');
          return full.writev(buffers).finally(() => full.close());
        }) as File['writev'],
      };
    }
  }

  it('says that it is full, and leaves neither bytes nor descriptors', async () => {
    const root = newDirectory();
    const fs = new FullDisk();
    const store = new LocalObjectStore(root, fs);
    const full = { code: 'STORAGE_FULL', cause: { code: 'ENOSPC' } };
    await expect(store.check()).rejects.toMatchObject(full);
    await expect(put(store, 'staging/big/1', noise(MiB))).rejects.toMatchObject(full);
    expect(await keysOf(store)).toEqual([]);
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    expect(entries.filter((entry) => !entry.isDirectory())).toEqual([]);
    expect(fs.openFiles).toBe(0);
    await rm(root, { recursive: true });
  });
});
