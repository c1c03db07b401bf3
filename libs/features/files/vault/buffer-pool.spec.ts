import { BufferPool } from './buffer-pool';

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending;
}

describe('BufferPool', () => {
  it('lends no more than its number, and then in the order of asking', async () => {
    const pool = new BufferPool(1);
    const first = await pool.acquire();
    const second = pool.acquire();
    const third = pool.acquire();
    expect(await isPending(second)).toBe(true);
    const { buffer } = first;
    first.release();
    expect((await second).buffer).toBe(buffer);
    expect(await isPending(third)).toBe(true);
    (await second).release();
    (await third).release();
    expect(pool.lent).toBe(0);
  });

  it('takes the buffer that was parked longest, and only when it needs one', async () => {
    const pool = new BufferPool(2);
    const [old, young] = [await pool.acquire(), await pool.acquire()];
    old.park();
    young.park();
    expect(pool.busy).toBe(0);
    const taken = await pool.acquire();
    expect([old.unpark(), young.unpark()]).toEqual([false, true]);
    expect(pool.lent).toBe(2);
    taken.release();
    young.release();
    expect(pool.lent).toBe(0);
  });

  it('gives what is parked to who waits', async () => {
    const pool = new BufferPool(1);
    const owner = await pool.acquire();
    const waiter = pool.acquire();
    owner.park();
    expect(owner.unpark()).toBe(false);
    expect(() => owner.buffer).toThrow();
    (await waiter).release();
    expect(pool.lent).toBe(0);
  });

  it('counts a buffer once, however often it is given back', async () => {
    const pool = new BufferPool(2);
    const lease = await pool.acquire();
    lease.park();
    lease.release();
    lease.release();
    expect([pool.lent, pool.busy]).toEqual([0, 0]);
    const [a, b] = [await pool.acquire(), await pool.acquire()];
    expect(a.buffer).not.toBe(b.buffer);
  });
});
