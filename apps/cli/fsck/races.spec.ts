import { HookedStore } from './testing/hooked-store';
import { inhabit, type Inhabited } from './testing/inhabited';

/** What happens, in a living system, just when the key in question is opened or listed. */
const MOMENTS: [
  title: string,
  moment: 'opening' | 'listed',
  key: (home: Inhabited) => string,
  change: (home: Inhabited) => Promise<unknown>,
][] = [
  [
    'a file is deleted and swept before it is opened',
    'opening',
    ({ first }) => first.key,
    async ({ world, first }) => {
      await world.life.deleteFile(first);
      await world.life.sweep();
    },
  ],
  [
    'a file is deleted, and its tombstone forgotten',
    'opening',
    ({ first }) => first.key,
    async ({ world, first }) => {
      await world.life.deleteFile(first);
      await world.life.sweep();
      await world.sql('DELETE FROM files WHERE id = $1', first.id);
    },
  ],
  [
    'an upload is sealed, and its staging swept, before a part is opened',
    'opening',
    ({ running }) => running.parts[1]!,
    async ({ world, running }) => {
      await world.life.complete(running);
      await world.life.sweep();
    },
  ],
  [
    'an upload is cancelled before a part is opened',
    'opening',
    ({ running }) => running.parts[0]!,
    async ({ world, running }) => {
      await world.life.discard(running, `status = 'cancelled'`);
      await world.life.sweep();
    },
  ],
  [
    'an upload goes on while its parts are read',
    'opening',
    ({ running }) => running.parts[0]!,
    ({ world, running }) => world.life.addPart(running, Buffer.alloc(9)),
  ],
  [
    'a dead object is swept after it was listed',
    'listed',
    ({ buried }) => buried.key,
    ({ world }) => world.life.sweep(),
  ],
  [
    'an unfinished write is finished after it was listed',
    'listed',
    ({ pending }) => pending.key,
    ({ pending }) => pending.finish(),
  ],
  [
    'an unfinished write is given up and swept after it was listed',
    'listed',
    ({ pending }) => pending.key,
    async ({ world, pending }) => {
      await world.sql(`UPDATE objects SET state = 'dead', died_at = now() WHERE key = $1`, pending.key);
      await world.life.sweep();
    },
  ],
];

describe('A system that moves', () => {
  let home: Inhabited;
  beforeEach(async () => {
    home = await inhabit();
  });
  afterEach(() => home.world.close());

  it.each(MOMENTS)('is no finding when %s', async (_title, moment, keyOf, change) => {
    const key = keyOf(home);
    let changes = 0;
    const changeOnce = async (seen: string): Promise<void> => {
      if (seen !== key || changes > 0) return;
      changes += 1;
      await change(home);
    };
    const hooks = { opening: changeOnce, listed: (entry: { key: string }) => changeOnce(entry.key) };
    const { findings } = await home.world.examine(
      {},
      new HookedStore(home.world.store, { [moment]: hooks[moment] }),
    );
    expect(findings).toEqual([]);
    expect(changes).toBe(1);
  });

  it('is looked at anew when its rows change, and is a finding when that makes it no better', async () => {
    const { world, first } = home;
    await world.flip(first.key, 1_000);
    let opened = 0;
    const opening = async (key: string): Promise<void> => {
      if (key === first.key && ++opened === 1)
        await world.sql(`UPDATE files SET status = 'corrupt' WHERE id = $1`, first.id);
    };
    const { findings } = await world.examine({}, new HookedStore(world.store, { opening }));
    expect(findings).toMatchObject([{ code: 'CONTENT_DAMAGED', subject: first.id }]);
    expect(opened).toBe(2);
  });
});
