import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Checkout } from './checkout';

jest.setTimeout(60_000);

describe('a lock', () => {
  let checkout: Checkout;

  beforeEach(() => (checkout = new Checkout()));
  afterEach(() => checkout.dispose());

  /** A script that takes the lock, holds it for a moment, and is killed in the middle of it when `dies`. */
  const script = (dies: boolean): string => `
    import { appendFileSync } from 'node:fs';
    import { setTimeout as delay } from 'node:timers/promises';
    import { acquireLock } from './lib/lock.mjs';
    for (let round = 0; round < 5; round++) {
      const lock = await acquireLock('locks/one', 'a test');
      appendFileSync('journal', 'in ' + process.pid + '\\n');
      await delay(2);
      ${dies ? "if (round === 2) process.kill(process.pid, 'SIGKILL');" : ''}
      appendFileSync('journal', 'out ' + process.pid + '\\n');
      lock.release();
    }
  `;

  it('admits one at a time, also while holders are killed', async () => {
    writeFileSync(join(checkout.root, 'scripts/honest.mjs'), script(false));
    writeFileSync(join(checkout.root, 'scripts/dying.mjs'), script(true));
    const names = ['honest', 'dying', 'honest', 'dying', 'honest', 'dying', 'honest', 'honest'];
    await Promise.all(names.map((name) => checkout.launch(`${name}.mjs`).exited));

    const journal = checkout.read('journal').trim().split('\n');
    expect(journal.filter((line) => line.startsWith('in'))).toHaveLength(5 * 5 + 3 * 3);
    // Whoever is in either comes out next, or was killed inside and is never heard of again.
    for (const [at, line] of journal.entries()) {
      const [verb, pid] = line.split(' ');
      const next = journal[at + 1];
      if (verb === 'in' && next !== `out ${pid}`) {
        expect(journal.slice(at + 1).filter((later) => later.endsWith(` ${pid}`))).toEqual([]);
      }
    }
  });
});
