import { isPageAligned } from '@waybill/core/kernel';
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
    expect(a.buffer).not.toBe(b.buffer);
    expect(pool.lentBytes).toBe(2 * BLOCK);
    pool.give(a.subarray(3, 17));
    pool.give(a);
    expect(pool.take()).toBe(a);
    expect(pool.take()).not.toBe(a);
  });

  it('lends what begins where pages do', () => {
    const pool = new BlockPool(BLOCK, 0);
    expect(isPageAligned(pool.take())).toBe(true);
    expect(isPageAligned(pool.take().subarray(1))).toBe(false);
    expect(isPageAligned(Buffer.alloc(BLOCK))).toBe(false);
  });

  it('ignores what is not its own', () => {
    const pool = new BlockPool(BLOCK, 10 * BLOCK);
    pool.give(Buffer.alloc(BLOCK));
    expect(pool.lentBytes).toBe(0);
  });

  it('keeps no more than is in use, and what it was told to spare', () => {
    const pool = new BlockPool(BLOCK, 2 * BLOCK);
    const blocks = Array.from({ length: 10 }, () => pool.take());
    for (const block of blocks) pool.give(block);
    const kept = new Set(blocks);
    const again = Array.from({ length: 10 }, () => pool.take());
    expect(again.filter((block) => kept.has(block)).length).toBeLessThanOrEqual(6);
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
