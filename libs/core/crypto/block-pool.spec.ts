import { isPageAligned, PAGE_BYTES } from '@waybill/core/kernel';
import { BlockPool } from './block-pool';
import { SegmentEncryptor } from './segment-encryptor';
import { SegmentFormat } from './segment-format';
import { pattern, unseal } from './testing/whole';
import { randomBytes } from './tokens';

const BLOCK = 64;
const format = new SegmentFormat({ segmentSize: 300, derivedKeySize: 16, hkdfHash: 'sha256' });
const [key, aad] = [randomBytes(32), Buffer.from('waybill:test')];

describe('BlockPool', () => {
  it('lends to nobody what another has, and lends again what came back, as a view of it too', () => {
    const pool = new BlockPool(BLOCK, 10 * BLOCK);
    const [a, b] = [pool.take(), pool.take()];
    a.fill('a');
    b.fill('b');
    expect([a.toString(), b.toString()]).toEqual(['a'.repeat(BLOCK), 'b'.repeat(BLOCK)]);
    expect(pool.lentBytes).toBe(2 * BLOCK);
    pool.give(a.subarray(3, 17));
    pool.give(a);
    expect(pool.take()).toBe(a);
    expect(pool.take()).not.toBe(a);
  });

  it('lends what begins where pages do', () => {
    const pool = new BlockPool(2 * PAGE_BYTES, 0);
    const blocks = Array.from({ length: 40 }, () => pool.take());
    expect(blocks.map(isPageAligned)).not.toContain(false);
    expect(isPageAligned(blocks[0]!.subarray(1))).toBe(false);
    expect(isPageAligned(Buffer.alloc(BLOCK))).toBe(false);
  });

  it('lends neighbours one after the other, whatever order they came back in', () => {
    const pool = new BlockPool(BLOCK, 0, 4);
    const first = Array.from({ length: 4 }, () => pool.take());
    for (const at of [2, 0, 3, 1]) pool.give(first[at]!);
    const again = Array.from({ length: 4 }, () => pool.take());
    expect(again.map(({ byteOffset }) => byteOffset - again[0]!.byteOffset)).toEqual([0, 64, 128, 192]);
  });

  it('ignores what is not its own, and nothing', () => {
    const pool = new BlockPool(BLOCK, 10 * BLOCK, 2);
    pool.give(Buffer.alloc(BLOCK));
    expect(pool.lentBytes).toBe(0);
    for (const block of [pool.take(), pool.take()]) pool.give(block.subarray(BLOCK));
    expect(pool.lentBytes).toBe(2 * BLOCK);
  });

  describe('over time', () => {
    const [SLAB, REST_MS] = [4 * BLOCK, 5_000];
    const take = (pool: BlockPool, count: number): Buffer[] =>
      Array.from({ length: count }, () => pool.take());

    beforeEach(() => void jest.useFakeTimers());
    afterEach(() => void jest.useRealTimers());

    it('asks for no memory anew while its use goes up and down', () => {
      const pool = new BlockPool(BLOCK, 0, 4);
      const first = new Set(take(pool, 40));
      for (let round = 0; round < 5; round++) {
        for (const block of first) pool.give(block);
        jest.advanceTimersByTime(REST_MS / 2);
        for (const block of take(pool, 40)) expect(first.has(block)).toBe(true);
      }
      expect(pool.heldBytes).toBe(40 * BLOCK);
    });

    it('lets go of what nobody has needed for a while, wherever the last blocks came back, but for its spare', () => {
      const pool = new BlockPool(BLOCK, SLAB, 4);
      const blocks = take(pool, 16);
      const [kept] = blocks;
      for (const at of [1, 5, 9, 13, 4, 8, 12, 3, 7, 11, 15, 2, 6, 10, 14]) pool.give(blocks[at]!);
      jest.advanceTimersByTime(REST_MS);
      expect(pool.heldBytes).toBe(4 * SLAB);
      jest.advanceTimersByTime(REST_MS);
      expect(pool.heldBytes).toBe(SLAB);
      expect(pool.lentBytes).toBe(BLOCK);
      pool.give(kept!);
      jest.advanceTimersByTime(2 * REST_MS);
      expect(pool.heldBytes).toBe(SLAB);
      expect(jest.getTimerCount()).toBe(0);
    });

    it('begins to rest again when it has grown again', () => {
      const pool = new BlockPool(BLOCK, 0, 4);
      for (let round = 0; round < 2; round++) {
        for (const block of take(pool, 40)) pool.give(block);
        jest.advanceTimersByTime(2 * REST_MS);
        expect(pool.heldBytes).toBe(0);
      }
    });
  });
});

describe('SegmentEncryptor with a pool', () => {
  it.each([0, 1, 200, 243, 244, 245, 260, 261, 2_000])(
    'returns %s bytes in lent blocks, which hold nothing but ciphertext, and keeps none',
    (size) => {
      const pool = new BlockPool(BLOCK, 0);
      const encryptor = new SegmentEncryptor({ key, aad, format, memory: pool });
      const plaintext = pattern(size);
      const out = [...encryptor.update(plaintext), ...encryptor.final()];
      expect(unseal({ key, aad, format }, Buffer.concat(out)).equals(plaintext)).toBe(true);
      for (const buffer of out) pool.give(buffer);
      expect(pool.lentBytes).toBe(0);
    },
  );

  it('gives back what still waited when it is disposed of, and has put no plaintext there', () => {
    const pool = new BlockPool(BLOCK, 4 * BLOCK);
    const encryptor = new SegmentEncryptor({ key, aad, format, memory: pool });
    encryptor.update(Buffer.alloc(150, 'x'));
    expect(pool.lentBytes).toBeGreaterThan(0);
    encryptor.dispose();
    expect(pool.lentBytes).toBe(0);
    for (let at = 0; at < 3; at++) expect(pool.take().includes('xxx')).toBe(false);
  });
});
