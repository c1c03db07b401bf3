import { AppError, isAppError } from '@waybill/core/kernel';
import { ObjectMissing } from '../../storage.errors';
import { noise } from '../noise';
import { MiB, newKey, type ContractHarness } from './harness';

/** What an `ObjectReader` owes. */
export function describeReading(on: ContractHarness): void {
  describe('reading', () => {
    const content = noise(3 * MiB + 17);
    let key: string;
    beforeEach(async () => {
      key = newKey('vault');
      await on.put(key, content);
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
      const reader = await on.store.open(key);
      expect(reader.size).toBe(content.length);
      const into = Buffer.alloc(length);
      await reader.read(into, position);
      await reader.close();
      expect(into.equals(content.subarray(position, position + length))).toBe(true);
    });

    it('reads in any order, also outside of what was expected', async () => {
      const reader = await on.store.open(key, { start: MiB, end: 2 * MiB });
      for (const position of [MiB, 2 * MiB - 5, MiB + 7, 0, content.length - 100]) {
        const into = Buffer.alloc(100);
        await reader.read(into, position);
        expect(into.equals(content.subarray(position, position + 100))).toBe(true);
      }
      await reader.close();
    });

    it('serves many reads at once', async () => {
      const reader = await on.store.open(key);
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
      const reader = await on.store.open(key);
      const failure = await reader.read(Buffer.alloc(length), position).catch((error: unknown) => error);
      await reader.close();
      expect(isAppError(failure, 'INTEGRITY_FAILURE')).toBe(true);
    });

    it('gives right bytes or fails when the object is deleted meanwhile', async () => {
      const reader = await on.store.open(key);
      await on.store.delete(key);
      const into = Buffer.alloc(1000);
      const outcome = await reader.read(into, 500).then(
        () => into.equals(content.subarray(500, 1500)),
        (error: unknown) => error instanceof AppError,
      );
      await reader.close();
      expect(outcome).toBe(true);
    });

    it('may be closed twice', async () => {
      const reader = await on.store.open(key);
      await reader.close();
      await expect(reader.close()).resolves.toBeUndefined();
    });

    it('says that an object is missing, so that the caller can tell it from a failure', async () => {
      const failure = await on.store.open(newKey()).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ObjectMissing);
      expect(isAppError(failure, 'INTEGRITY_FAILURE')).toBe(true);
      expect(await on.store.head(newKey())).toBeNull();
    });
  });
}
