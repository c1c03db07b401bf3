import { AppError } from '@waybill/core/kernel';
import { ObjectExists, ObjectMissing } from '../../storage.errors';
import { noise } from '../noise';
import { MiB, SURELY_SENT, newKey, type ContractHarness } from './harness';

/** Writing, visibility and abort: what an `ObjectWriter` owes. */
export function describeWriting(on: ContractHarness): void {
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
      const writer = await on.store.create(key);
      await writer.write(buffers);
      expect(await writer.commit()).toEqual({ size: expected.length });
      expect((await on.get(key)).equals(expected)).toBe(true);
      expect(await on.store.head(key)).toMatchObject({ key, size: expected.length });
    });

    it('commits an object that was never written to', async () => {
      const key = newKey();
      expect(await (await on.store.create(key)).commit()).toEqual({ size: 0 });
      expect(await on.get(key)).toHaveLength(0);
    });

    it('keeps the order of writes that nobody awaits', async () => {
      const key = newKey();
      const pieces = Array.from({ length: 200 }, (_, i) => noise(1 + ((i * 7919) % 20_000), i));
      const writer = await on.store.create(key);
      for (const piece of pieces) void writer.write([piece]);
      await writer.commit();
      expect((await on.get(key)).equals(Buffer.concat(pieces))).toBe(true);
    });

    it('does not need a later write to settle an earlier one', async () => {
      const key = newKey();
      const writer = await on.store.create(key);
      for (let i = 0; i < 20; i++) await writer.write([Buffer.from([i])]);
      await writer.commit();
      expect([...(await on.get(key))]).toEqual(Array.from({ length: 20 }, (_, i) => i));
    });

    it('has let go of the buffers when a write has resolved', async () => {
      const key = newKey();
      const writer = await on.store.create(key);
      const buffer = Buffer.from('before');
      await writer.write([buffer]);
      buffer.fill('x');
      await writer.commit();
      expect((await on.get(key)).toString()).toBe('before');
    });

    it('takes 40 MiB in 1 MiB pieces', async () => {
      const key = newKey();
      const whole = noise(40 * MiB);
      const writer = await on.store.create(key);
      for (let at = 0; at < whole.length; at += MiB) void writer.write([whole.subarray(at, at + MiB)]);
      expect(await writer.commit()).toEqual({ size: whole.length });
      expect((await on.get(key)).equals(whole)).toBe(true);
    });

    it('writes many objects side by side without mixing them', async () => {
      const keys = Array.from({ length: 24 }, () => newKey());
      await Promise.all(keys.map((key, i) => on.put(key, noise(10_000, i), noise(5_000 + i, 99))));
      for (const [i, key] of keys.entries()) {
        expect((await on.get(key)).equals(Buffer.concat([noise(10_000, i), noise(5_000 + i, 99)]))).toBe(
          true,
        );
      }
    });

    it('commits once, and refuses what comes after', async () => {
      const key = newKey();
      const writer = await on.store.create(key);
      await writer.write([Buffer.from('whole')]);
      expect(await Promise.all([writer.commit(), writer.commit()])).toEqual([{ size: 5 }, { size: 5 }]);
      await expect(writer.write([Buffer.from('more')])).rejects.toThrow(AppError);
      expect((await on.get(key)).toString()).toBe('whole');
    });
  });

  describe('visibility', () => {
    it('shows nothing before commit, and everything after', async () => {
      const key = newKey();
      const writer = await on.store.create(key);
      await writer.write([noise(SURELY_SENT)]);
      expect(await on.store.head(key)).toBeNull();
      await expect(on.store.open(key)).rejects.toThrow(ObjectMissing);
      expect((await on.list()).filter(({ partial }) => !partial)).toEqual([]);

      await writer.commit();
      expect(await on.store.head(key)).toMatchObject({ size: SURELY_SENT });
      expect(await on.list()).toEqual([expect.objectContaining({ key, size: SURELY_SENT })]);
    });

    it('never shows a part of an object to one who looks while it is committed', async () => {
      const key = newKey();
      const writer = await on.store.create(key);
      void writer.write([noise(SURELY_SENT)]);
      let committed = false;
      const commit = writer.commit().then(() => (committed = true));
      const sizes = new Set<number | undefined>();
      while (!committed) sizes.add((await on.store.head(key))?.size);
      await commit;
      sizes.delete(undefined);
      sizes.delete(SURELY_SENT);
      expect([...sizes]).toEqual([]);
    });

    it('gives a key once: to the one who commits it first', async () => {
      const key = newKey();
      await on.put(key, Buffer.from('first'));
      const second = async () => {
        const writer = await on.store.create(key);
        try {
          await writer.write([Buffer.from('second')]);
          await writer.commit();
        } finally {
          await writer.abort();
        }
      };
      await expect(second()).rejects.toThrow(ObjectExists);
      expect((await on.get(key)).toString()).toBe('first');
      expect(await on.list()).toEqual([expect.objectContaining({ key, size: 5 })]);
    });
  });

  describe('abort', () => {
    it.each([
      ['before a write', 0],
      ['after a small write', 10],
      ['after a large write', SURELY_SENT],
    ])('leaves nothing, %s', async (_, size) => {
      const key = newKey();
      const writer = await on.store.create(key);
      if (size > 0) await writer.write([noise(size)]);
      await writer.abort();
      await writer.abort();
      expect(await on.list()).toEqual([]);
      expect(await on.store.head(key)).toBeNull();
    });

    it('waits for writes under way, then leaves nothing', async () => {
      const key = newKey();
      const writer = await on.store.create(key);
      const writes = Array.from({ length: 20 }, (_, i) => writer.write([noise(MiB, i)]));
      await writer.abort();
      expect(await on.list()).toEqual([]);
      const settled = await Promise.allSettled(writes);
      const reasons = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      expect(reasons.every((reason) => reason instanceof AppError)).toBe(true);
    });

    it('ends the writer', async () => {
      const writer = await on.store.create(newKey());
      await writer.abort();
      await expect(writer.write([Buffer.from('late')])).rejects.toThrow(AppError);
      await expect(writer.commit()).rejects.toThrow(AppError);
      expect(await on.list()).toEqual([]);
    });

    it('does nothing to a committed object', async () => {
      const key = newKey();
      const writer = await on.store.create(key);
      await writer.write([Buffer.from('kept')]);
      const commit = writer.commit();
      await Promise.all([commit, writer.abort()]);
      await writer.abort();
      expect((await on.get(key)).toString()).toBe('kept');
    });
  });
}
