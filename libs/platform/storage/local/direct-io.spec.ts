import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PAGE_BYTES, pageAlignedBuffer } from '@waybill/core/kernel';
import { noise } from '../testing/noise';
import { ObservedFileSystem, systemError } from '../testing/observed-file-system';
import { LocalObjectStore } from './local.store';

const KEY = 'vault/file/1';
const BLOCK = 64 * 1024;
const MIB = 1024 * 1024;

/** The bytes in page-aligned blocks, as an encryptor hands them out: neighbours in memory, and all but the last are full. */
function inBlocks(content: Buffer): Buffer[] {
  const memory = pageAlignedBuffer(Math.max(1, content.length));
  content.copy(memory);
  return Array.from({ length: Math.ceil(content.length / BLOCK) }, (_, at) =>
    memory.subarray(at * BLOCK, Math.min((at + 1) * BLOCK, content.length)),
  );
}

describe('LocalObjectStore past the page cache', () => {
  let root: string;
  let fs: ObservedFileSystem;
  let store: LocalObjectStore;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'waybill-direct-'));
    fs = new ObservedFileSystem();
    store = new LocalObjectStore(root, fs);
  });
  afterEach(async () => {
    expect(fs.openFiles).toBe(0);
    await rm(root, { recursive: true });
  });

  const did = (operation: string): number => fs.operations().filter((name) => name === operation).length;

  async function put(...writes: Buffer[][]): Promise<void> {
    const writer = await store.create(KEY);
    try {
      for (const buffers of writes) void writer.write(buffers);
      await writer.commit();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /** Reads the object in pieces of so many bytes, each to the beginning of page-aligned memory. */
  async function got(step: number, once = true): Promise<Buffer> {
    const reader = await store.open(KEY, { start: 0, end: Infinity, once });
    const content = Buffer.alloc(reader.size);
    const into = pageAlignedBuffer(step);
    try {
      for (let at = 0; at < reader.size; at += step) {
        const piece = into.subarray(0, Math.min(step, reader.size - at));
        await reader.read(piece, at);
        piece.copy(content, at);
      }
    } finally {
      await reader.close();
    }
    return content;
  }

  it.each([
    0,
    1,
    BLOCK,
    4 * BLOCK - 1,
    4 * BLOCK,
    4 * BLOCK + 1,
    MIB,
    3 * MIB + PAGE_BYTES,
    3 * MIB + PAGE_BYTES + 1,
  ])('writes and reads %i bytes right, whichever way each of them goes', async (size) => {
    const content = noise(size);
    const blocks = inBlocks(content);
    await put(blocks.slice(0, 16), blocks.slice(16, 17), blocks.slice(17));
    for (const step of [MIB, MIB / 2, PAGE_BYTES]) {
      expect((await got(step)).equals(content)).toBe(true);
      expect((await got(step, false)).equals(content)).toBe(true);
    }
  });

  it('sends large blocks to the disk, and their remainder through the cache', async () => {
    const [whole, end] = [inBlocks(noise(2 * MIB)), noise(100)];
    await put(whole, [end]);
    expect([did('direct write'), did('write')]).toEqual([1, 1]);
    expect(did('fsync')).toBe(1);
    await got(MIB);
    expect([did('direct read'), did('read')]).toEqual([2, 1]);
  });

  it('O05 syncs what went to the disk before the rename, and the directory after it', async () => {
    await put(inBlocks(noise(2 * MIB)));
    const order = fs.operations();
    const at = ['direct write', 'fsync', 'rename', 'fsyncdir'].map((name) => order.lastIndexOf(name));
    expect(at[0]).toBeGreaterThanOrEqual(0);
    expect(at).toEqual(at.toSorted((a, b) => a - b));
  });

  it('writes all whole pages past it, those before a ragged end too', async () => {
    await put(inBlocks(noise(700 * 1024 + 100)));
    expect(fs.written).toEqual([
      ['direct write', 700 * 1024],
      ['write', 100],
    ]);
  });

  it('leaves small objects, odd memory and what is read again to the cache', async () => {
    await put(inBlocks(noise(2 * BLOCK)));
    await store.delete(KEY);
    await put([noise(MIB)]);
    await got(MIB, false);
    expect(fs.operations().filter((name) => name.startsWith('direct'))).toEqual([]);
  });

  it('goes on through the cache behind bytes that end within a page', async () => {
    const [odd, rest] = [noise(10), noise(MIB, 1)];
    await put([odd], inBlocks(rest));
    expect(did('direct write')).toBe(0);
    expect((await got(MIB)).equals(Buffer.concat([odd, rest]))).toBe(true);
  });

  it.each([
    ['direct open', 1],
    ['direct write', 2], // as many as are on their way at once
  ])('goes through the cache where %s is refused, and does not ask again', async (step, most) => {
    let asked = 0;
    fs.before = ({ operation }) => {
      if (operation !== step) return;
      asked++;
      throw systemError('EINVAL', 'open');
    };
    const content = noise(3 * MIB);
    const blocks = inBlocks(content);
    await put(blocks.slice(0, 16), blocks.slice(16));
    expect((await got(MIB)).equals(content)).toBe(true);
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(most);
  });

  it('reads through the cache where the disk refuses to be read so', async () => {
    const content = noise(3 * MIB);
    await put(inBlocks(content));
    fs.before = ({ operation }) => {
      if (operation === 'direct read') throw systemError('EINVAL', 'read');
    };
    expect((await got(MIB)).equals(content)).toBe(true);
  });

  it.each([PAGE_BYTES, 3 * PAGE_BYTES, 100])(
    'goes on after writes that took %i bytes only',
    async (bytes) => {
      fs.maxWrite = bytes;
      const content = noise(MIB / 2);
      await put(inBlocks(content));
      expect((await got(MIB)).equals(content)).toBe(true);
    },
  );

  it.each([
    ['direct write', 'ENOSPC', 'STORAGE_FULL'],
    ['direct write', 'EIO', 'DEPENDENCY_UNAVAILABLE'],
    ['direct close', 'EIO', 'DEPENDENCY_UNAVAILABLE'],
  ])('a %s that fails with %s fails the commit and leaves nothing', async (step, code, expected) => {
    fs.before = ({ operation }) => {
      if (operation === step) throw systemError(code, 'write');
    };
    await expect(put(inBlocks(noise(MIB)))).rejects.toMatchObject({ code: expected });
    expect(await store.head(KEY)).toBeNull();
    for await (const object of store.list('')) expect(object).toBeUndefined();
  });

  it('says that an object ends too early', async () => {
    await put(inBlocks(noise(MIB)));
    const reader = await store.open(KEY, { start: 0, end: Infinity, once: true });
    await expect(reader.read(pageAlignedBuffer(MIB), MIB / 2)).rejects.toMatchObject({
      code: 'INTEGRITY_FAILURE',
    });
    await reader.close();
  });
});
