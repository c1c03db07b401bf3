import { AppError, isAppError, uuidv7 } from '@waybill/core/kernel';
import { KeyCheckedStore } from '../key-checked-store';
import type { ListedObject, ObjectStore } from '../object-store';
import { ObjectExists, ObjectMissing } from '../storage.errors';
import { ATTACKING_KEYS } from './attacking-keys';
import { noise } from './noise';

const MiB = 1024 * 1024;
/** More than any driver may keep to itself before it sends something to the store. */
const SURELY_SENT = 20 * MiB;

/** A fresh, empty store, and how to take it down. */
export interface StoreUnderTest {
  store: ObjectStore;
  dispose(): Promise<void>;
}

/** What every driver owes (object-store.ts), as tests. Runs the driver behind the key check, as the product does. */
export function describeObjectStore(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(`object store contract: ${name}`, () => {
    let subject: StoreUnderTest;
    let store: ObjectStore;

    beforeEach(async () => {
      subject = await makeStore();
      store = new KeyCheckedStore(subject.store);
    });
    afterEach(() => subject.dispose());

    const newKey = (prefix = 'staging') => `${prefix}/${uuidv7()}/0-${uuidv7()}`;

    async function put(key: string, ...buffers: Buffer[]): Promise<void> {
      const writer = await store.create(key);
      await writer.write(buffers);
      await writer.commit();
    }

    async function get(key: string): Promise<Buffer> {
      const reader = await store.open(key);
      try {
        const bytes = Buffer.alloc(reader.size);
        await reader.read(bytes, 0);
        return bytes;
      } finally {
        await reader.close();
      }
    }

    async function list(prefix = ''): Promise<ListedObject[]> {
      const found: ListedObject[] = [];
      for await (const object of store.list(prefix)) found.push(object);
      return found.sort((a, b) => (a.key < b.key ? -1 : 1));
    }

    describe('writing', () => {
      it.each([
        ['nothing at all', []],
        ['an empty buffer', [Buffer.alloc(0)]],
        ['one byte', [Buffer.from('a')]],
        ['4 KiB', [noise(4096)]],
        ['empty buffers among others', [Buffer.alloc(0), noise(10), Buffer.alloc(0), noise(7, 1)]],
        ['more buffers than one writev takes', Array.from({ length: 2500 }, (_, i) => noise(3, i))],
        ['a view into a larger buffer', [noise(100).subarray(13, 77)]],
      ])('gives back %s', async (_, buffers) => {
        const key = newKey();
        const expected = Buffer.concat(buffers);
        const writer = await store.create(key);
        await writer.write(buffers);
        expect(await writer.commit()).toEqual({ size: expected.length });
        expect((await get(key)).equals(expected)).toBe(true);
        expect(await store.head(key)).toMatchObject({ key, size: expected.length });
      });

      it('commits an object that was never written to', async () => {
        const key = newKey();
        expect(await (await store.create(key)).commit()).toEqual({ size: 0 });
        expect(await get(key)).toHaveLength(0);
      });

      it('keeps the order of writes that nobody awaits', async () => {
        const key = newKey();
        const pieces = Array.from({ length: 200 }, (_, i) => noise(1 + ((i * 7919) % 20_000), i));
        const writer = await store.create(key);
        for (const piece of pieces) void writer.write([piece]);
        await writer.commit();
        expect((await get(key)).equals(Buffer.concat(pieces))).toBe(true);
      });

      it('does not need a later write to settle an earlier one', async () => {
        const key = newKey();
        const writer = await store.create(key);
        for (let i = 0; i < 20; i++) await writer.write([Buffer.from([i])]);
        await writer.commit();
        expect([...(await get(key))]).toEqual(Array.from({ length: 20 }, (_, i) => i));
      });

      it('has let go of the buffers when a write has resolved', async () => {
        const key = newKey();
        const writer = await store.create(key);
        const buffer = Buffer.from('before');
        await writer.write([buffer]);
        buffer.fill('x');
        await writer.commit();
        expect((await get(key)).toString()).toBe('before');
      });

      it('takes 40 MiB in 1 MiB pieces', async () => {
        const key = newKey();
        const whole = noise(40 * MiB);
        const writer = await store.create(key);
        for (let at = 0; at < whole.length; at += MiB) void writer.write([whole.subarray(at, at + MiB)]);
        expect(await writer.commit()).toEqual({ size: whole.length });
        expect((await get(key)).equals(whole)).toBe(true);
      });

      it('writes many objects side by side without mixing them', async () => {
        const keys = Array.from({ length: 24 }, () => newKey());
        await Promise.all(keys.map((key, i) => put(key, noise(10_000, i), noise(5_000 + i, 99))));
        for (const [i, key] of keys.entries()) {
          expect((await get(key)).equals(Buffer.concat([noise(10_000, i), noise(5_000 + i, 99)]))).toBe(true);
        }
      });

      it('commits once, and refuses what comes after', async () => {
        const key = newKey();
        const writer = await store.create(key);
        await writer.write([Buffer.from('whole')]);
        expect(await Promise.all([writer.commit(), writer.commit()])).toEqual([{ size: 5 }, { size: 5 }]);
        await expect(writer.write([Buffer.from('more')])).rejects.toThrow(AppError);
        expect((await get(key)).toString()).toBe('whole');
      });
    });

    describe('visibility', () => {
      it('shows nothing before commit, and everything after', async () => {
        const key = newKey();
        const writer = await store.create(key);
        await writer.write([noise(SURELY_SENT)]);
        expect(await store.head(key)).toBeNull();
        await expect(store.open(key)).rejects.toThrow(ObjectMissing);
        expect((await list()).filter(({ partial }) => !partial)).toEqual([]);

        await writer.commit();
        expect(await store.head(key)).toMatchObject({ size: SURELY_SENT });
        expect(await list()).toEqual([expect.objectContaining({ key, size: SURELY_SENT })]);
      });

      it('never shows a part of an object to one who looks while it is committed', async () => {
        const key = newKey();
        const writer = await store.create(key);
        void writer.write([noise(SURELY_SENT)]);
        let committed = false;
        const commit = writer.commit().then(() => (committed = true));
        const sizes = new Set<number | undefined>();
        while (!committed) sizes.add((await store.head(key))?.size);
        await commit;
        sizes.delete(undefined);
        sizes.delete(SURELY_SENT);
        expect([...sizes]).toEqual([]);
      });

      it('gives a key once: to the one who commits it first', async () => {
        const key = newKey();
        await put(key, Buffer.from('first'));
        const second = async () => {
          const writer = await store.create(key);
          try {
            await writer.write([Buffer.from('second')]);
            await writer.commit();
          } finally {
            await writer.abort();
          }
        };
        await expect(second()).rejects.toThrow(ObjectExists);
        expect((await get(key)).toString()).toBe('first');
        expect(await list()).toEqual([expect.objectContaining({ key, size: 5 })]);
      });
    });

    describe('abort', () => {
      it.each([
        ['before a write', 0],
        ['after a small write', 10],
        ['after a large write', SURELY_SENT],
      ])('leaves nothing, %s', async (_, size) => {
        const key = newKey();
        const writer = await store.create(key);
        if (size > 0) await writer.write([noise(size)]);
        await writer.abort();
        await writer.abort();
        expect(await list()).toEqual([]);
        expect(await store.head(key)).toBeNull();
      });

      it('waits for writes under way, then leaves nothing', async () => {
        const key = newKey();
        const writer = await store.create(key);
        const writes = Array.from({ length: 20 }, (_, i) => writer.write([noise(MiB, i)]));
        await writer.abort();
        expect(await list()).toEqual([]);
        const settled = await Promise.allSettled(writes);
        const reasons = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
        expect(reasons.every((reason) => reason instanceof AppError)).toBe(true);
      });

      it('ends the writer', async () => {
        const writer = await store.create(newKey());
        await writer.abort();
        await expect(writer.write([Buffer.from('late')])).rejects.toThrow(AppError);
        await expect(writer.commit()).rejects.toThrow(AppError);
        expect(await list()).toEqual([]);
      });

      it('does nothing to a committed object', async () => {
        const key = newKey();
        const writer = await store.create(key);
        await writer.write([Buffer.from('kept')]);
        const commit = writer.commit();
        await Promise.all([commit, writer.abort()]);
        await writer.abort();
        expect((await get(key)).toString()).toBe('kept');
      });
    });

    describe('reading', () => {
      const content = noise(3 * MiB + 17);
      let key: string;
      beforeEach(async () => {
        key = newKey('vault');
        await put(key, content);
      });

      it.each([
        ['the first byte', 0, 1],
        ['the last byte', content.length - 1, 1],
        ['the middle', MiB - 3, 7],
        ['1 MiB off any boundary', MiB + 13, MiB],
        ['nothing', 5, 0],
        ['nothing at the end', content.length, 0],
        ['all', 0, content.length],
      ])('reads %s', async (_, position, length) => {
        const reader = await store.open(key);
        expect(reader.size).toBe(content.length);
        const into = Buffer.alloc(length);
        await reader.read(into, position);
        await reader.close();
        expect(into.equals(content.subarray(position, position + length))).toBe(true);
      });

      it('reads in any order, also outside of what was expected', async () => {
        const reader = await store.open(key, { start: MiB, end: 2 * MiB });
        for (const position of [MiB, 2 * MiB - 5, MiB + 7, 0, content.length - 100]) {
          const into = Buffer.alloc(100);
          await reader.read(into, position);
          expect(into.equals(content.subarray(position, position + 100))).toBe(true);
        }
        await reader.close();
      });

      it('serves many reads at once', async () => {
        const reader = await store.open(key);
        const positions = Array.from({ length: 40 }, (_, i) => (i * 77_003) % (content.length - 5000));
        const right = await Promise.all(
          positions.map(async (position) => {
            const into = Buffer.alloc(5000);
            await reader.read(into, position);
            return into.equals(content.subarray(position, position + 5000));
          }),
        );
        await reader.close();
        expect(right.every(Boolean)).toBe(true);
      });

      it.each([
        ['over the end', content.length - 3, 4],
        ['at the end', content.length, 1],
        ['far behind it', content.length + 10 * MiB, 10],
      ])('refuses to read %s', async (_, position, length) => {
        const reader = await store.open(key);
        const failure = await reader.read(Buffer.alloc(length), position).catch((error: unknown) => error);
        await reader.close();
        expect(isAppError(failure, 'INTEGRITY_FAILURE')).toBe(true);
      });

      it('gives right bytes or fails when the object is deleted meanwhile', async () => {
        const reader = await store.open(key);
        await store.delete(key);
        const into = Buffer.alloc(1000);
        const outcome = await reader.read(into, 500).then(
          () => into.equals(content.subarray(500, 1500)),
          (error: unknown) => error instanceof AppError,
        );
        await reader.close();
        expect(outcome).toBe(true);
      });

      it('may be closed twice', async () => {
        const reader = await store.open(key);
        await reader.close();
        await expect(reader.close()).resolves.toBeUndefined();
      });

      it('says that an object is missing, so that the caller can tell it from a failure', async () => {
        const failure = await store.open(newKey()).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(ObjectMissing);
        expect(isAppError(failure, 'INTEGRITY_FAILURE')).toBe(true);
        expect(await store.head(newKey())).toBeNull();
      });
    });

    describe('delete', () => {
      it('removes the object, and is content with nothing', async () => {
        const key = newKey();
        await put(key, Buffer.from('gone'));
        await store.delete(key);
        expect(await store.head(key)).toBeNull();
        expect(await list()).toEqual([]);
        await expect(store.delete(key)).resolves.toBeUndefined();
        await expect(store.delete(newKey('never'))).resolves.toBeUndefined();
      });

      it('removes what an unfinished write has left, whose writer then cannot commit', async () => {
        const key = newKey();
        const writer = await store.create(key);
        await writer.write([noise(SURELY_SENT)]);
        await store.delete(key);
        expect(await list()).toEqual([]);
        await expect(writer.commit()).rejects.toThrow(AppError);
        await writer.abort();
        expect(await list()).toEqual([]);
        expect(await store.head(key)).toBeNull();
      });

      it('touches its own key alone', async () => {
        const base = `staging/${uuidv7()}`;
        const others = [`${base}/1`, `${base}/1.1`, `${base}/1-1`, `${base}/11`, `${base}/1/1`];
        for (const key of others) await put(key, Buffer.from(key));
        await store.delete(`${base}/1`);
        expect((await list()).map(({ key }) => key)).toEqual(others.slice(1).sort());
      });

      it('leaves nothing behind, however it races with a commit', async () => {
        for (let i = 0; i < 20; i++) {
          const key = newKey();
          const writer = await store.create(key);
          await writer.write([noise(100)]);
          await Promise.allSettled([writer.commit(), store.delete(key)]);
          await writer.abort();
          await store.delete(key);
        }
        expect(await list()).toEqual([]);
      });
    });

    describe('list', () => {
      it('is empty where nothing is', async () => expect(await list()).toEqual([]));

      it('tells objects from what unfinished writes have left', async () => {
        const [done, open] = [newKey(), newKey()];
        await put(done, noise(10));
        const writer = await store.create(open);
        await writer.write([noise(SURELY_SENT)]);
        const found = await list();
        expect(found).toContainEqual(expect.objectContaining({ key: done, size: 10 }));
        expect(found.find(({ key }) => key === done)).not.toHaveProperty('partial');
        expect(found).toContainEqual(expect.objectContaining({ key: open, partial: true }));
        expect(found).toHaveLength(2);
        await writer.abort();
      });

      it('takes any beginning of a key', async () => {
        const keys = ['staging/aa/1', 'staging/aa/2', 'staging/ab/1', 'stag/aa/1', 'vault/aa/1'];
        for (const key of keys) await put(key, Buffer.from(key));
        const listed = async (prefix: string) => (await list(prefix)).map(({ key }) => key);
        expect(await listed('')).toEqual([...keys].sort());
        expect(await listed('s')).toEqual(['stag/aa/1', 'staging/aa/1', 'staging/aa/2', 'staging/ab/1']);
        expect(await listed('stag/')).toEqual(['stag/aa/1']);
        expect(await listed('staging/a')).toEqual(['staging/aa/1', 'staging/aa/2', 'staging/ab/1']);
        expect(await listed('staging/aa/')).toEqual(['staging/aa/1', 'staging/aa/2']);
        expect(await listed('staging/aa/2')).toEqual(['staging/aa/2']);
        expect(await listed('staging/b')).toEqual([]);
      });

      it('can be left early, and finds more than one page', async () => {
        const keys = Array.from({ length: 300 }, (_, i) => `staging/${uuidv7()}/${i}`);
        await Promise.all(keys.map((key) => put(key, Buffer.alloc(1))));
        for await (const { size } of store.list('')) {
          expect(size).toBe(1);
          break;
        }
        expect((await list()).map(({ key }) => key)).toEqual([...keys].sort());
      });

      it('tells when an object came to be', async () => {
        const before = Date.now();
        const key = newKey();
        await put(key, Buffer.alloc(1));
        const stat = await store.head(key);
        // File systems and HTTP dates may cut to the second.
        expect(stat!.modifiedAt.getTime()).toBeGreaterThanOrEqual(before - 2000);
        expect(stat!.modifiedAt.getTime()).toBeLessThan(before + 60_000);
      });
    });

    describe('keys', () => {
      it.each(ATTACKING_KEYS)('refuses %j in every operation', async (key) => {
        for (const attempt of [
          () => store.create(key),
          () => store.open(key),
          () => store.head(key),
          () => store.delete(key),
        ]) {
          await expect(attempt()).rejects.toMatchObject({ code: 'INTERNAL' });
        }
        expect(await list()).toEqual([]);
      });

      it('takes keys up to the full length', async () => {
        const key = `vault/${'a'.repeat(194)}`;
        await put(key, Buffer.from('long'));
        expect((await list()).map((object) => object.key)).toEqual([key]);
        expect((await get(key)).toString()).toBe('long');
      });
    });

    it('can be written to, and says so without leaving a trace', async () => {
      await Promise.all([store.check(), store.check()]);
      await expect(store.check()).resolves.toBeUndefined();
      expect(await list()).toEqual([]);
    });
  });
}
