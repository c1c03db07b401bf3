import { uuidv7 } from '@waybill/core/kernel';
import type { Finding } from './finding';
import { content } from './testing/life';
import { World } from './testing/world';

const WRITERS = 3;
const LIVES_EACH = 12;

describe('A system under load', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
  });
  afterAll(() => world.close());

  /** Uploads come, are given up, sealed, and deleted again. */
  async function live(ownerId: string): Promise<void> {
    const { life } = world;
    for (let i = 0; i < LIVES_EACH; i++) {
      const upload = await life.begin(ownerId);
      await life.addPart(upload, content(40_000, i));
      await life.addPart(upload, content(300_000, i));
      if (i % 4 === 3) {
        await life.discard(upload, `status = 'cancelled'`);
        continue;
      }
      const file = await life.complete(upload);
      if (i % 4 !== 0) await life.deleteFile(file);
    }
  }

  it('gives no false alarm while uploads, sealings, deletions, sweeps and the sequencer run', async () => {
    let busy = true;
    const owner = uuidv7();
    const writers = Promise.all(Array.from({ length: WRITERS }, () => live(owner))).finally(
      () => (busy = false),
    );
    const upkeep = (async () => {
      while (busy) {
        await world.life.sweep();
        await world.sequence();
      }
    })();

    const alarms: Finding[] = [];
    let looks = 0;
    while (busy) {
      const { findings } = await world.examine({ fast: looks % 3 === 2 });
      alarms.push(...findings);
      looks += 1;
    }
    await Promise.all([writers, upkeep]);

    expect(alarms).toEqual([]);
    expect(looks).toBeGreaterThan(3);
    const { findings, summary } = await world.examine();
    expect(findings).toEqual([]);
    expect(summary.uploads).toBe(WRITERS * LIVES_EACH);
  }, 120_000);
});
