import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { AppError, isAppError } from '@waybill/core/kernel';
import { ObjectExists } from '../storage.errors';
import { noise } from '../testing/noise';
import { describeObjectStore } from '../testing/object-store.contract';
import { ObservedFileSystem, systemError } from '../testing/observed-file-system';
import { LocalObjectStore } from './local.store';

/** Lets what is under way go on until something holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

describeObjectStore('local', async () => {
  const root = await mkdtemp(join(tmpdir(), 'waybill-store-'));
  return {
    store: new LocalObjectStore(join(root, 'objects')),
    dispose: () => rm(root, { recursive: true }),
  };
});

describe('LocalObjectStore', () => {
  const KEY = 'staging/upload/0-part';
  const FILE = 'upload+0-part';
  const PARTIAL = `${FILE}~partial`;
  let parent: string;
  let root: string;
  let fs: ObservedFileSystem;
  let store: LocalObjectStore;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'waybill-store-'));
    root = join(parent, 'data', 'objects');
    fs = new ObservedFileSystem();
    store = new LocalObjectStore(root, fs);
  });
  afterEach(() => rm(parent, { recursive: true }));

  const stored = async (): Promise<Buffer> => {
    const reader = await store.open(KEY);
    const bytes = Buffer.alloc(reader.size);
    await reader.read(bytes, 0);
    await reader.close();
    return bytes;
  };

  const filesBelow = async (directory: string) =>
    (await readdir(directory, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);

  async function put(key: string, ...buffers: Buffer[]): Promise<void> {
    const writer = await store.create(key);
    try {
      void writer.write(buffers);
      await writer.commit();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  const failing = (operation: string, code: string, name?: string) => {
    fs.before = (call) => {
      if (call.operation === operation && (name === undefined || call.name === name)) {
        throw systemError(code, operation);
      }
    };
  };

  describe('durability', () => {
    it('O05 syncs the data before the rename and the directory after it, all before commit resolves', async () => {
      const writer = await store.create(KEY);
      fs.calls.length = 0;
      void writer.write([noise(100)]);
      void writer.write([noise(100)]);
      await writer.commit();
      const shard = expect.stringMatching(/^[0-9a-f]{2}$/);
      // Opening and closing go beside these.
      expect(fs.calls.filter(({ operation }) => !/open|close/.test(operation))).toEqual([
        { operation: 'write', name: PARTIAL },
        { operation: 'write', name: PARTIAL },
        { operation: 'fsync', name: PARTIAL },
        { operation: 'rename', name: FILE },
        { operation: 'fsyncdir', name: shard },
      ]);
      expect(fs.openFiles).toBe(0);
    });

    it('O05 syncs all bytes once more at the end when it has sent some ahead', async () => {
      const writer = await store.create(KEY);
      for (let i = 0; i < 20; i++) void writer.write([noise(1024 * 1024, i)]);
      await writer.commit();
      const operations = fs.operations();
      expect(operations.filter((operation) => operation === 'fdatasync').length).toBeGreaterThan(0);
      expect(operations.lastIndexOf('fsync')).toBeGreaterThan(operations.lastIndexOf('write'));
      expect(operations.lastIndexOf('fsync')).toBeGreaterThan(operations.lastIndexOf('fdatasync'));
      expect(operations.indexOf('rename')).toBeGreaterThan(operations.lastIndexOf('fsync'));
    });

    it('O05 makes new directories durable before the first object in them', async () => {
      const order: string[] = [];
      fs.before = ({ operation, name }) => {
        if (operation === 'mkdir' || operation === 'fsyncdir') order.push(`${operation} ${name}`);
        if (name === PARTIAL) order.push(operation);
      };
      await put(KEY, Buffer.alloc(0));
      const shard = await onlyEntry(join(root, 'staging'));
      const durable = (name: string) => order.indexOf(`fsyncdir ${name}`);
      for (const [parentName, name] of [
        [basename(parent), 'data'],
        ['data', 'objects'],
        ['objects', 'staging'],
        ['staging', shard],
      ] as const) {
        expect(order.lastIndexOf(`mkdir ${name}`)).toBeGreaterThanOrEqual(0);
        expect(durable(parentName)).toBeGreaterThan(order.lastIndexOf(`mkdir ${name}`));
        expect(durable(parentName)).toBeLessThan(order.indexOf('open'));
      }
    });

    it('makes a directory durable that it found, as its maker may have died before that', async () => {
      await put(KEY, noise(1));
      const other = new ObservedFileSystem();
      await (await new LocalObjectStore(root, other).create('staging/upload/1-part')).abort();
      expect(other.calls.filter(({ operation }) => operation === 'fsyncdir').map(({ name }) => name)).toEqual(
        ['objects', 'staging'],
      );
    });

    it('finds its way again when directories were taken away', async () => {
      await put(KEY, noise(1));
      await rm(join(root, 'staging'), { recursive: true });
      await expect(put(KEY, noise(1))).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
      await put(KEY, noise(1));
      expect(await filesBelow(root)).toEqual([FILE]);
    });

    it('makes no directory for a second object beside the first', async () => {
      await put(KEY, noise(1));
      await store.delete(KEY);
      fs.calls.length = 0;
      await put(KEY, noise(1));
      expect(fs.operations()).not.toContain('mkdir');
      expect(fs.operations().filter((operation) => operation === 'fsyncdir')).toHaveLength(1);
    });

    it.each([
      ['fsync', PARTIAL],
      ['fdatasync', PARTIAL],
      ['close', PARTIAL],
      ['rename', FILE],
      ['fsyncdir', undefined],
    ])('O05 a failed %s fails the commit for good', async (operation, name) => {
      const writer = await store.create(KEY);
      let failures = 0;
      fs.before = (call) => {
        // Once, as Linux does: the next one would succeed.
        if (call.operation !== operation || (name && call.name !== name) || failures++ > 0) return;
        throw systemError('EIO', operation);
      };
      void writer.write([noise(9 * 1024 * 1024)]);
      const first = await writer.commit().catch((error: unknown) => error);
      const second = await writer.commit().catch((error: unknown) => error);
      expect(isAppError(first, 'DEPENDENCY_UNAVAILABLE')).toBe(true);
      expect(second).toBe(first);
      expect(failures).toBe(1);

      await writer.abort();
      expect(await filesBelow(root)).toEqual([]);
      expect(fs.openFiles).toBe(0);
    });

    it('makes a deletion durable, also one that another process has begun', async () => {
      await put(KEY, noise(1));
      for (let i = 0; i < 2; i++) {
        fs.calls.length = 0;
        await store.delete(KEY);
        expect(fs.operations().at(-2)).toBe('fsyncdir');
      }
    });

    it('removes the partial before the object, so that no commit slips through between', async () => {
      const order: string[] = [];
      await put(KEY, noise(1));
      fs.before = ({ operation, name }) => void (operation === 'unlink' && order.push(name));
      await store.delete(KEY);
      expect(order).toEqual([PARTIAL, FILE]);
    });
  });

  describe('writing', () => {
    it('goes on after writes that took only a part', async () => {
      fs.maxWrite = 7;
      const pieces = [noise(20), Buffer.alloc(0), noise(1, 1), noise(30, 2)];
      await put(KEY, ...pieces);
      expect((await stored()).equals(Buffer.concat(pieces))).toBe(true);
    });

    it('does not turn forever when a write takes nothing', async () => {
      fs.maxWrite = 0;
      await expect(put(KEY, noise(1))).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    });

    it('begins no write behind one that failed', async () => {
      const writer = await store.create(KEY);
      let writes = 0;
      fs.before = ({ operation }) => {
        if (operation === 'write' && ++writes === 2) throw systemError('EIO', 'write');
      };
      const outcomes = await Promise.allSettled([1, 2, 3].map((i) => writer.write([noise(10, i)])));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
      await expect(writer.write([noise(10)])).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
      await expect(writer.commit()).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
      expect(writes).toBe(2);
      await writer.abort();
      expect(await filesBelow(root)).toEqual([]);
    });

    it('begins no write after one of which was heard that it failed', async () => {
      const writer = await store.create(KEY);
      let writes = 0;
      fs.before = ({ operation }) => {
        if (operation === 'write' && ++writes === 2) throw systemError('EIO', 'write');
      };
      await writer.write([noise(10)]);
      await expect(writer.write([noise(10, 1)])).rejects.toThrow();
      await expect(writer.write([noise(10, 2)])).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
      expect(writes).toBe(2);
      await writer.abort();
    });

    it('has two writes on their way, each to its place, and waits for both before it ends', async () => {
      const writer = await store.create(KEY);
      const begun: (() => void)[] = [];
      let synced = false;
      fs.before = async ({ operation }) => {
        if (operation === 'fsync') synced = true;
        if (operation === 'write') await new Promise<void>((release) => begun.push(release));
      };
      const pieces = [noise(10, 1), noise(20, 2), noise(30, 3)];
      const writes = pieces.map((piece) => writer.write([piece]));
      const committed = writer.commit();
      await until(() => begun.length === 2);
      begun[1]!();
      await writes[1];
      expect([begun.length, synced]).toEqual([2, false]);
      begun[0]!();
      await until(() => begun.length === 3);
      expect(synced).toBe(false);
      begun[2]!();
      expect(await committed).toEqual({ size: 60 });
      expect((await stored()).equals(Buffer.concat(pieces))).toBe(true);
    });

    it('does not close the file under a write that outlives a failed one', async () => {
      const writer = await store.create(KEY);
      const order: string[] = [];
      let release: (() => void) | undefined;
      let writes = 0;
      fs.before = async ({ operation }) => {
        if (operation === 'close') order.push('close');
        if (operation !== 'write') return;
        if (++writes === 1) throw systemError('EIO', 'write');
        await new Promise<void>((resolve) => (release = resolve));
        order.push('written');
      };
      const outcomes = Promise.allSettled([writer.write([noise(10)]), writer.write([noise(10, 1)])]);
      await until(() => release !== undefined);
      const aborted = writer.abort();
      await new Promise((resolve) => setImmediate(resolve));
      release!();
      await aborted;
      expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
      expect(order).toEqual(['written', 'close']);
      expect(await filesBelow(root)).toEqual([]);
    });

    it('does not close the file under a running write', async () => {
      const writer = await store.create(KEY);
      const order: string[] = [];
      let release!: () => void;
      const begun = new Promise<void>((begin) => {
        fs.before = async ({ operation }) => {
          order.push(operation);
          if (operation !== 'write') return;
          begin();
          await new Promise<void>((resolve) => (release = resolve));
          order.push('written');
        };
      });
      const writing = writer.write([noise(10)]);
      await begun;
      const aborting = writer.abort();
      await store.head(KEY);
      release();
      await Promise.all([writing, aborting]);
      expect(order).toEqual(['write', 'lstat', 'written', 'close', 'unlink']);
    });

    it('does not write into the unfinished bytes of another', async () => {
      const writer = await store.create(KEY);
      await writer.write([Buffer.from('mine')]);
      await expect(store.create(KEY)).rejects.toThrow(ObjectExists);
      expect(await writer.commit()).toEqual({ size: 4 });
      expect(fs.openFiles).toBe(0);
    });

    it('keeps files and directories to its user', async () => {
      await put(KEY, noise(1));
      for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
        const { mode } = await stat(join(entry.parentPath, entry.name));
        expect(mode & 0o777).toBe(entry.isFile() ? 0o600 : 0o700);
      }
      expect((await stat(root)).mode & 0o777).toBe(0o700);
    });

    it('follows no link that was put in the place of an object', async () => {
      await put(KEY, noise(1));
      const place = join(root, 'staging', await onlyEntry(join(root, 'staging')), FILE);
      await rm(place);
      await symlink('/etc/hostname', place);
      await expect(store.open(KEY)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    });
  });

  describe('failures', () => {
    it.each([
      ['ENOSPC', 'STORAGE_FULL'],
      ['EDQUOT', 'STORAGE_FULL'],
      ['EROFS', 'DEPENDENCY_UNAVAILABLE'],
      ['EACCES', 'DEPENDENCY_UNAVAILABLE'],
      ['EIO', 'DEPENDENCY_UNAVAILABLE'],
      ['EMFILE', 'DEPENDENCY_UNAVAILABLE'],
    ])(
      '%s is %s, wherever it strikes, without a path in its message or a descriptor left',
      async (code, expected) => {
        const KEPT = 'vault/ab/kept/1';
        await put(KEPT, noise(10));
        const attempts: Record<string, () => Promise<unknown>> = {
          mkdir: () => new LocalObjectStore(join(parent, 'elsewhere'), fs).create(KEY),
          open: () => store.create(KEY),
          lstat: () => store.create(KEY),
          write: () => put(KEY, noise(10)),
          fsync: () => put(KEY, noise(10)),
          rename: () => put(KEY, noise(10)),
          fsyncdir: () => put(KEY, noise(10)),
          fstat: () => store.open(KEPT),
          read: () =>
            store.open(KEPT).then((reader) => reader.read(Buffer.alloc(5), 0).finally(() => reader.close())),
          unlink: () => store.delete(KEPT),
          opendir: async () => {
            for await (const object of store.list('')) expect(object).toBeDefined();
          },
        };
        for (const [operation, attempt] of Object.entries(attempts)) {
          failing(operation, code);
          const failure = await attempt().catch((error: unknown) => error);
          fs.before = () => undefined;
          expect(failure).toBeInstanceOf(AppError);
          expect([operation, (failure as AppError).code]).toEqual([operation, expected]);
          expect((failure as AppError).message).not.toMatch(/secret|\/|E[A-Z]{3,}/);
          expect((failure as AppError).cause).toMatchObject({ code });
          expect([operation, fs.openFiles]).toEqual([operation, 0]);
        }
        expect((await filesBelow(parent)).filter((name) => name.endsWith('~partial'))).toEqual([]);
      },
    );

    it('tells readiness when it cannot be written to, and leaves no trace', async () => {
      await store.check();
      for (const operation of ['open', 'write', 'fsync']) {
        failing(operation, 'EIO');
        await expect(store.check()).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
      }
      failing('write', 'ENOSPC');
      await expect(store.check()).rejects.toMatchObject({ code: 'STORAGE_FULL' });
      fs.before = () => undefined;
      await store.check();
      expect(await filesBelow(root)).toEqual([]);
      expect(fs.openFiles).toBe(0);
    });

    it('does not hide a defect behind the name of a failure', async () => {
      fs.before = ({ operation }) => {
        if (operation === 'fsync') throw new TypeError('a defect');
      };
      await expect(put(KEY, noise(1))).rejects.toThrow(TypeError);
    });

    it('is unavailable, not crashed, where a file stands in the way of a directory', async () => {
      await mkdir(root, { recursive: true });
      await writeFile(join(root, 'staging'), 'in the way');
      await expect(store.create(KEY)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    });

    it('is unavailable in a directory that it may not write to, and works when it may again', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'waybill-readonly-'));
      const readOnly = new LocalObjectStore(directory);
      await chmod(directory, 0o555);
      try {
        await asOrdinaryUser(async () => {
          await expect(readOnly.check()).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
          await expect(readOnly.create(KEY)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
        });
        await chmod(directory, 0o777);
        await asOrdinaryUser(async () => {
          await readOnly.check();
          await (await readOnly.create(KEY)).commit();
        });
      } finally {
        await rm(directory, { recursive: true });
      }
    });
  });

  describe('listing', () => {
    it('passes over what is not its own', async () => {
      await put(KEY, noise(1));
      const [shard] = await readdir(join(root, 'staging'));
      await mkdir(join(root, 'lost+found'));
      await writeFile(join(root, '~check-1'), '');
      await writeFile(join(root, 'staging', shard!, '.nfs0001'), '');
      await writeFile(join(root, 'staging', shard!, 'UPPER'), '');
      const keys: string[] = [];
      for await (const { key } of store.list('')) keys.push(key);
      expect(keys).toEqual([KEY]);
    });

    it('passes over what is deleted while it looks', async () => {
      await put(KEY, noise(1));
      fs.before = async ({ operation, name }) => {
        if (operation === 'lstat' && name === FILE) await rm(join(root, 'staging'), { recursive: true });
      };
      const found: unknown[] = [];
      for await (const object of store.list('')) found.push(object);
      expect(found).toEqual([]);
    });
  });
});

async function onlyEntry(directory: string): Promise<string> {
  const [entry, ...more] = await readdir(directory);
  expect(more).toEqual([]);
  return entry!;
}

/** Root may write anywhere; so does this test, unless it steps down. */
async function asOrdinaryUser(action: () => Promise<void>): Promise<void> {
  if (process.geteuid!() !== 0) return action();
  process.seteuid!(65534);
  try {
    await action();
  } finally {
    process.seteuid!(0);
  }
}
