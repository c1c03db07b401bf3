import { AppError, uuidv7 } from '@waybill/core/kernel';
import { ATTACKING_KEYS } from '../attacking-keys';
import { noise } from '../noise';
import { SURELY_SENT, newKey, type ContractHarness } from './harness';

/** Deleting, listing, keys and readiness: what the store owes about objects that are there. */
export function describeKeeping(on: ContractHarness): void {
  describe('delete', () => {
    it('removes the object, and is content with nothing', async () => {
      const key = newKey();
      await on.put(key, Buffer.from('gone'));
      await on.store.delete(key);
      expect(await on.store.head(key)).toBeNull();
      expect(await on.list()).toEqual([]);
      await expect(on.store.delete(key)).resolves.toBeUndefined();
      await expect(on.store.delete(newKey('never'))).resolves.toBeUndefined();
    });

    it('removes what an unfinished write has left, whose writer then cannot commit', async () => {
      const key = newKey();
      const writer = await on.store.create(key);
      await writer.write([noise(SURELY_SENT)]);
      await on.store.delete(key);
      expect(await on.list()).toEqual([]);
      await expect(writer.commit()).rejects.toThrow(AppError);
      await writer.abort();
      expect(await on.list()).toEqual([]);
      expect(await on.store.head(key)).toBeNull();
    });

    it('touches its own key alone', async () => {
      const base = `staging/${uuidv7()}`;
      const others = [`${base}/1`, `${base}/1.1`, `${base}/1-1`, `${base}/11`, `${base}/1/1`];
      for (const key of others) await on.put(key, Buffer.from(key));
      await on.store.delete(`${base}/1`);
      expect((await on.list()).map(({ key }) => key)).toEqual(others.slice(1).sort());
    });

    it('leaves nothing behind, however it races with a commit', async () => {
      for (let i = 0; i < 20; i++) {
        const key = newKey();
        const writer = await on.store.create(key);
        await writer.write([noise(100)]);
        await Promise.allSettled([writer.commit(), on.store.delete(key)]);
        await writer.abort();
        await on.store.delete(key);
      }
      expect(await on.list()).toEqual([]);
    });
  });

  describe('the generation', () => {
    it('is none at first, then what it was set to last, and no object', async () => {
      expect(await on.store.generation()).toBeNull();
      for (const generation of [1, 2, Number.MAX_SAFE_INTEGER, 3]) {
        await on.store.setGeneration(generation);
        expect(await on.store.generation()).toBe(generation);
      }
      await Promise.all(
        [on.store.setGeneration(4), on.store.setGeneration(5)].map((set) => set.catch(() => undefined)),
      );
      expect([4, 5]).toContain(await on.store.generation());
      expect(await on.list()).toEqual([]);
    });
  });

  describe('list', () => {
    it('is empty where nothing is', async () => expect(await on.list()).toEqual([]));

    it('tells objects from what unfinished writes have left', async () => {
      const [done, open] = [newKey(), newKey()];
      await on.put(done, noise(10));
      const writer = await on.store.create(open);
      await writer.write([noise(SURELY_SENT)]);
      const found = await on.list();
      expect(found).toContainEqual(expect.objectContaining({ key: done, size: 10 }));
      expect(found.find(({ key }) => key === done)).not.toHaveProperty('partial');
      expect(found).toContainEqual(expect.objectContaining({ key: open, partial: true }));
      expect(found).toHaveLength(2);
      await writer.abort();
    });

    it('takes any beginning of a key', async () => {
      const keys = ['staging/aa/1', 'staging/aa/2', 'staging/ab/1', 'stag/aa/1', 'vault/aa/1'];
      for (const key of keys) await on.put(key, Buffer.from(key));
      const listed = async (prefix: string) => (await on.list(prefix)).map(({ key }) => key);
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
      await Promise.all(keys.map((key) => on.put(key, Buffer.alloc(1))));
      for await (const { size } of on.store.list('')) {
        expect(size).toBe(1);
        break;
      }
      expect((await on.list()).map(({ key }) => key)).toEqual([...keys].sort());
    });

    it('tells when an object came to be', async () => {
      const before = Date.now();
      const key = newKey();
      await on.put(key, Buffer.alloc(1));
      const stat = await on.store.head(key);
      // File systems and HTTP dates may cut to the second.
      expect(stat!.modifiedAt.getTime()).toBeGreaterThanOrEqual(before - 2000);
      expect(stat!.modifiedAt.getTime()).toBeLessThan(before + 60_000);
    });
  });

  describe('keys', () => {
    it.each(ATTACKING_KEYS)('refuses %j in every operation', async (key) => {
      for (const attempt of [
        () => on.store.create(key),
        () => on.store.open(key),
        () => on.store.head(key),
        () => on.store.delete(key),
      ]) {
        await expect(attempt()).rejects.toMatchObject({ code: 'INTERNAL' });
      }
      expect(await on.list()).toEqual([]);
    });

    it('takes keys up to the full length', async () => {
      const key = `vault/${'a'.repeat(194)}`;
      await on.put(key, Buffer.from('long'));
      expect((await on.list()).map((object) => object.key)).toEqual([key]);
      expect((await on.get(key)).toString()).toBe('long');
    });
  });

  it('can be written to, and says so without leaving a trace', async () => {
    await Promise.all([on.store.check(), on.store.check()]);
    await expect(on.store.check()).resolves.toBeUndefined();
    expect(await on.list()).toEqual([]);
  });
}
