import { uuidv7 } from '@waybill/core/kernel';
import type { FindingCode } from './finding';
import type { FsckOptions } from './context';
import { inhabit, type Inhabited } from './testing/inhabited';
import { content } from './testing/life';
import type { Snapshot } from './testing/snapshot';
import { World, type Examination } from './testing/world';

/** What was found, as `CODE subject`, in a fixed order. */
function named({ findings }: Examination): string[] {
  return findings.map(({ code, subject }) => `${code} ${subject}`).sort();
}

describe('An installation in order', () => {
  let home: Inhabited;
  beforeAll(async () => {
    home = await inhabit();
  });
  afterAll(() => home.world.close());

  it('is clean, and everything in it was looked at', async () => {
    const { findings, warnings, summary } = await home.world.examine();
    expect(findings).toEqual([]);
    expect(warnings).toEqual([]);
    expect(summary).toMatchObject({ findings: 0, files: 5, uploads: 10, writing: 2 });
    const [live] = await home.world.sql<{ bytes: number }>(
      `SELECT sum(size)::bigint AS bytes FROM objects WHERE state = 'live'`,
    );
    expect(summary.verifiedBytes).toBe(live!.bytes);
  });

  it.each<Partial<FsckOptions>>([{ fast: true }, { repair: true }, { repair: true, force: true }])(
    'is clean and unchanged with %j',
    async (options) => {
      const before = await home.world.sql('SELECT * FROM objects ORDER BY key');
      expect(await home.world.examine(options)).toMatchObject({ findings: [], warnings: [], repairs: [] });
      expect(await home.world.sql('SELECT * FROM objects ORDER BY key')).toEqual(before);
    },
  );

  it('is examined through sessions that cannot write', async () => {
    const write = home.world.examinerSql('UPDATE files SET name = name');
    await expect(write).rejects.toThrow('read-only transaction');
    expect(await home.world.examinerSql('SELECT id FROM files')).toHaveLength(5);
  });

  it('looks at one file and its upload when asked for one', async () => {
    const { summary, findings } = await home.world.examine({ fileId: home.first.id });
    expect(findings).toEqual([]);
    expect(summary).toMatchObject({ files: 1, uploads: 1 });
    const unsealed = await home.world.examine({ fileId: home.running.fileId });
    expect(unsealed.summary).toMatchObject({ files: 0, uploads: 1, findings: 0 });
  });

  it('refuses an id that nothing has', async () => {
    await expect(home.world.examine({ fileId: uuidv7() })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('does not see what only reading tells when it is not to read', async () => {
    await home.world.flip(home.first.key, 100);
    try {
      expect(named(await home.world.examine({ fast: true }))).toEqual([]);
      expect(named(await home.world.examine())).toEqual([`CONTENT_DAMAGED ${home.first.id}`]);
    } finally {
      await home.world.flip(home.first.key, 100);
    }
  });
});

const NO_EVENT = '01900000-0000-7000-8000-00000000dead';

type Expected = [FindingCode, (home: Inhabited) => string][];

/** Each: what is done to the installation, and all that must be said about it. */
const DAMAGES: [title: string, damage: (home: Inhabited) => Promise<unknown>, expected: Expected][] = [
  [
    "a file's object was deleted",
    ({ world, first }) => world.store.delete(first.key),
    [['OBJECT_MISSING', ({ first }) => first.id]],
  ],
  [
    "a file's object was cut",
    ({ world, first }) => world.cut(first.key, 1),
    [['OBJECT_SIZE', ({ first }) => first.id]],
  ],
  [
    "an empty file's tag was changed",
    ({ world, empty }) => world.flip(empty.key, -1),
    [['CONTENT_DAMAGED', ({ empty }) => empty.id]],
  ],
  [
    "a file's object was emptied",
    ({ world, second }) => world.replaceBytes(second.key, Buffer.alloc(0)),
    [['OBJECT_SIZE', ({ second }) => second.id]],
  ],
  [
    'a recorded SHA-256 was changed',
    ({ world, first }) => world.sql(`UPDATE files SET sha256 = sha256('x') WHERE id = $1`, first.id),
    [['CONTENT_DAMAGED', ({ first }) => first.id]],
  ],
  [
    'a wrapped key was changed',
    ({ world, first }) =>
      world.sql(
        `UPDATE files SET wrapped_dek = set_byte(wrapped_dek, 20, 255 - get_byte(wrapped_dek, 20)) WHERE id = $1`,
        first.id,
      ),
    [['KEY_DAMAGED', ({ first }) => first.id]],
  ],
  [
    'a wrapped key was removed',
    ({ world, first }) => world.sql('UPDATE files SET wrapped_dek = NULL WHERE id = $1', first.id),
    [['KEY_DAMAGED', ({ first }) => first.id]],
  ],
  [
    'a key is under a KEK that the keyring does not have',
    ({ world, first }) => world.sql(`UPDATE files SET kek_id = 'elsewhere' WHERE id = $1`, first.id),
    [['KEY_UNAVAILABLE', ({ first }) => first.id]],
  ],
  [
    'a key and an object are lost at once',
    async ({ world, first }) => {
      await world.sql(`UPDATE files SET kek_id = 'elsewhere' WHERE id = $1`, first.id);
      await world.store.delete(first.key);
    },
    [
      ['KEY_UNAVAILABLE', ({ first }) => first.id],
      ['OBJECT_MISSING', ({ first }) => first.id],
    ],
  ],
  [
    'the object of a file is not registered',
    ({ world, first }) => world.sql('DELETE FROM objects WHERE key = $1', first.key),
    [['OBJECT_UNREGISTERED', ({ first }) => first.id]],
  ],
  [
    'the object of a file is registered as dead',
    ({ world, first }) =>
      world.sql(`UPDATE objects SET state = 'dead', died_at = now() WHERE key = $1`, first.key),
    [['OBJECT_NOT_LIVE', ({ first }) => first.id]],
  ],
  [
    'an object is registered with another size',
    ({ world, first }) => world.sql('UPDATE objects SET size = size + 1 WHERE key = $1', first.key),
    [['REGISTERED_SIZE', ({ first }) => first.id]],
  ],
  [
    "a file's row has a size that no file has",
    ({ world, empty }) => world.sql('UPDATE files SET size = -1 WHERE id = $1', empty.id),
    [
      ['REGISTERED_SIZE', ({ empty }) => empty.id],
      ['USAGE_DRIFT', ({ empty }) => empty.ownerId],
    ],
  ],
  [
    'a deleted file has its key',
    ({ world, gone }) => world.sql(`UPDATE files SET wrapped_dek = '\\x00' WHERE id = $1`, gone.id),
    [['KEY_NOT_DESTROYED', ({ gone }) => gone.id]],
  ],
  [
    'a deleted file has its object',
    ({ world, buried }) => world.sql(`UPDATE objects SET state = 'live' WHERE key = $1`, buried.key),
    [['TOMBSTONE_OBJECT_LIVE', ({ buried }) => buried.id]],
  ],
  [
    "a file's row is lost",
    ({ world, first }) => world.sql('DELETE FROM files WHERE id = $1', first.id),
    [
      ['FILE_MISSING', ({ first }) => first.uploadId],
      ['OBJECT_UNREFERENCED', ({ first }) => first.key],
      ['USAGE_DRIFT', ({ first }) => first.ownerId],
    ],
  ],
  [
    'a live object belongs to nothing, and to no name that is known',
    async ({ world }) => {
      await world.life.register('thumbs/1');
      await world.sql(`UPDATE objects SET state = 'live', size = 1 WHERE key = 'thumbs/1'`);
    },
    [['OBJECT_UNREFERENCED', () => 'thumbs/1']],
  ],
  [
    'the store has an object without a row',
    ({ world }) => world.life.write('vault/stray', Buffer.alloc(10)),
    [['ORPHAN_OBJECT', () => 'vault/stray']],
  ],
  [
    'the store has an unfinished write without a row',
    ({ world }) => world.life.writeUnfinished('staging/stray'),
    [['ORPHAN_PARTIAL', () => 'staging/stray']],
  ],
  [
    'an unfinished write belongs to a live object',
    ({ world, running }) => world.leavePartialBeside(running.parts[1]!),
    [['ORPHAN_PARTIAL', ({ running }) => running.parts[1]!]],
  ],
  [
    "a part's object was deleted",
    ({ world, running }) => world.store.delete(running.parts[1]!),
    [['OBJECT_MISSING', ({ running }) => running.id]],
  ],
  [
    "a part's bytes were changed",
    ({ world, running }) => world.flip(running.parts[2]!, 280_000),
    [['CONTENT_DAMAGED', ({ running }) => running.id]],
  ],
  [
    'a part was cut',
    ({ world, received }) => world.cut(received.parts[0]!, 5),
    [['OBJECT_SIZE', ({ received }) => received.id]],
  ],
  [
    'a part is registered with another size',
    ({ world, received }) => world.sql('UPDATE objects SET size = 1 WHERE key = $1', received.parts[0]),
    [['REGISTERED_SIZE', ({ received }) => received.id]],
  ],
  [
    'a part is registered as dead',
    ({ world, unsealable }) =>
      world.sql(`UPDATE objects SET state = 'dead', died_at = now() WHERE key = $1`, unsealable.parts[0]),
    [['OBJECT_NOT_LIVE', ({ unsealable }) => unsealable.id]],
  ],
  [
    'a part is not registered',
    ({ world, unsealable }) => world.sql('DELETE FROM objects WHERE key = $1', unsealable.parts[0]),
    [['OBJECT_UNREGISTERED', ({ unsealable }) => unsealable.id]],
  ],
  [
    'a part in the middle is lost',
    ({ world, running }) => world.sql('DELETE FROM upload_parts WHERE object_key = $1', running.parts[1]),
    [
      ['PARTS_GAP', ({ running }) => running.id],
      ['OBJECT_UNREFERENCED', ({ running }) => running.parts[1]!],
    ],
  ],
  [
    'the last part is lost',
    ({ world, running }) => world.sql('DELETE FROM upload_parts WHERE object_key = $1', running.parts[2]),
    [
      ['PARTS_SUM', ({ running }) => running.id],
      ['OBJECT_UNREFERENCED', ({ running }) => running.parts[2]!],
    ],
  ],
  [
    'parts overlap',
    ({ world, running }) =>
      world.sql(
        'UPDATE upload_parts SET offset_bytes = offset_bytes - 1 WHERE object_key = $1',
        running.parts[2],
      ),
    [
      ['PARTS_GAP', ({ running }) => running.id],
      // Its place is bound into it.
      ['CONTENT_DAMAGED', ({ running }) => running.id],
    ],
  ],
  [
    'an upload counts another number of parts',
    ({ world, running }) => world.sql('UPDATE uploads SET part_count = 4 WHERE id = $1', running.id),
    [['PARTS_SUM', ({ running }) => running.id]],
  ],
  [
    "an upload's staging key was changed",
    ({ world, running, received }) =>
      world.sql(
        'UPDATE uploads SET wrapped_dek = (SELECT wrapped_dek FROM uploads WHERE id = $2) WHERE id = $1',
        running.id,
        received.id,
      ),
    [['KEY_DAMAGED', ({ running }) => running.id]],
  ],
  [
    "an open upload's staging key is gone",
    ({ world, running }) => world.sql('UPDATE uploads SET wrapped_dek = NULL WHERE id = $1', running.id),
    [['KEY_DAMAGED', ({ running }) => running.id]],
  ],
  [
    'a received upload has not all its bytes',
    ({ world, received }) =>
      world.sql('UPDATE uploads SET total_bytes = total_bytes + 1 WHERE id = $1', received.id),
    [['UPLOAD_STATE', ({ received }) => received.id]],
  ],
  [
    'an upload that was cancelled has its key',
    ({ world, cancelled }) =>
      world.sql(`UPDATE uploads SET wrapped_dek = '\\x00' WHERE id = $1`, cancelled.id),
    [['KEY_NOT_DESTROYED', ({ cancelled }) => cancelled.id]],
  ],
  [
    'an upload that was refused has a part',
    ({ world, refused }) =>
      world.sql(`INSERT INTO upload_parts VALUES ($1, 0, 1, 'staging/none')`, refused.id),
    [['UPLOAD_STATE', ({ refused }) => refused.id]],
  ],
  [
    'an upload that failed has its file all the same',
    ({ world, first }) => world.sql(`UPDATE uploads SET status = 'failed' WHERE id = $1`, first.uploadId),
    [['UPLOAD_STATE', ({ first }) => first.uploadId]],
  ],
  [
    'somebody is charged too much',
    ({ world, first }) =>
      world.sql('UPDATE storage_usage SET used_bytes = used_bytes + 1 WHERE user_id = $1', first.ownerId),
    [['USAGE_DRIFT', ({ first }) => first.ownerId]],
  ],
  [
    'somebody is not charged at all',
    ({ world, second }) => world.sql('DELETE FROM storage_usage WHERE user_id = $1', second.ownerId),
    [['USAGE_DRIFT', ({ second }) => second.ownerId]],
  ],
  [
    'somebody is charged, and stores nothing',
    ({ world }) => world.sql(`INSERT INTO storage_usage VALUES ('ffffffff-0000-7000-8000-000000000000', 1)`),
    [['USAGE_DRIFT', () => 'ffffffff-0000-7000-8000-000000000000']],
  ],
  [
    'the feed lost a position',
    ({ world }) =>
      world.sql(`WITH lost AS (DELETE FROM event_feed WHERE position IN (2, 3) RETURNING event_id)
                 DELETE FROM events WHERE id IN (SELECT event_id FROM lost)`),
    [['FEED_GAP', () => '2']],
  ],
  [
    'the feed names an event that is not there',
    ({ world }) =>
      world.sql(`INSERT INTO event_feed SELECT max(position) + 1, '${NO_EVENT}' FROM event_feed`),
    [['FEED_EVENT_MISSING', () => NO_EVENT]],
  ],
  [
    'the outbox names an event that is not there',
    ({ world }) => world.sql(`INSERT INTO event_outbox (event_id) VALUES ('${NO_EVENT}')`),
    [['OUTBOX_EVENT_MISSING', () => NO_EVENT]],
  ],
  [
    'an event is never to be announced',
    ({ world }) =>
      world.sql(`INSERT INTO events (id, type, data) VALUES ('${NO_EVENT}', 'user.created', '{}')`),
    [['EVENT_UNANNOUNCED', () => NO_EVENT]],
  ],
  [
    'an event is to be announced twice',
    async ({ world }) => {
      await world.sql(`INSERT INTO events (id, type, data) VALUES ('${NO_EVENT}', 'user.created', '{}')`);
      await world.sql(`INSERT INTO event_outbox (event_id) VALUES ('${NO_EVENT}')`);
      await world.sequence();
      await world.sql(`INSERT INTO event_outbox (event_id) VALUES ('${NO_EVENT}')`);
    },
    [['EVENT_TWICE', () => NO_EVENT]],
  ],
];

describe('Damage', () => {
  let home: Inhabited;
  let whole: Snapshot;
  beforeAll(async () => {
    home = await inhabit();
    whole = await home.world.save();
  });
  afterEach(() => whole.restore());
  afterAll(() => home.world.close());

  it.each(DAMAGES)('is named, and nothing else is, when %s', async (_title, damage, expected) => {
    await damage(home);
    expect(named(await home.world.examine())).toEqual(
      expected.map(([code, of]) => `${code} ${of(home)}`).sort(),
    );
  });

  it.each<[string, (home: Inhabited) => Promise<unknown>, FindingCode]>([
    ['the objects are swapped', swapObjects, 'CONTENT_DAMAGED'],
    ['the rows name the object of the other', swapObjectKeys, 'CONTENT_DAMAGED'],
    ['the wrapped keys are swapped', swapKeys, 'KEY_DAMAGED'],
    [
      'objects and wrapped keys are swapped',
      async (home) => [await swapObjects(home), await swapKeys(home)],
      'KEY_DAMAGED',
    ],
  ])("C06 of two owners' files names both when %s", async (_title, swap, code) => {
    await swap(home);
    const { first, second } = home;
    expect(named(await home.world.examine())).toEqual([`${code} ${first.id}`, `${code} ${second.id}`].sort());
  });

  it('C06 names a file that has object and wrapped key of another', async () => {
    const { world, first, second } = home;
    await world.replaceBytes(second.key, await world.readBytes(first.key));
    await world.sql(
      `UPDATE files SET (wrapped_dek, sha256) = (SELECT wrapped_dek, sha256 FROM files WHERE id = $1) WHERE id = $2`,
      first.id,
      second.id,
    );
    expect(named(await world.examine())).toEqual([`KEY_DAMAGED ${second.id}`]);
  });

  it('D06 is none when a sweep died after the bytes, and is an orphan when the row went first', async () => {
    const { world, buried } = home;
    await world.sql('DELETE FROM objects WHERE key = $1', buried.key);
    expect(named(await world.examine())).toEqual([`ORPHAN_OBJECT ${buried.key}`]);
    const { repairs } = await world.examine({ repair: true });
    expect(repairs).toMatchObject([{ result: 'healed' }]);
    await world.store.delete(buried.key);
    expect(named(await world.examine())).toEqual([]);
    await world.life.sweep();
    expect(named(await world.examine())).toEqual([]);
  });

  it('is looked for under one file alone when asked for one', async () => {
    const { world, first, second } = home;
    await world.flip(first.key, 500);
    await world.flip(second.key, 500);
    await world.life.write(`vault/${second.id}/2`, Buffer.alloc(10));
    expect(named(await world.examine({ fileId: second.id }))).toEqual(
      [`CONTENT_DAMAGED ${second.id}`, `ORPHAN_OBJECT vault/${second.id}/2`].sort(),
    );
  });

  it('is not made of what only waits for long, which is a warning', async () => {
    const { world } = home;
    await world.sql(`UPDATE objects SET died_at = now() - interval '11 minutes' WHERE state = 'dead'`);
    await world.sql(`UPDATE objects SET lease_until = now() - interval '11 minutes' WHERE state = 'writing'`);
    await world.sql(`UPDATE files SET status = 'corrupt' WHERE id = $1`, home.first.id);
    const { findings, warnings } = await world.examine();
    expect(findings).toEqual([]);
    expect(warnings.map(({ code, subject }) => `${code} ${subject}`).sort()).toEqual(
      ['DEAD_BACKLOG 4', `MARKED_CORRUPT ${home.first.id}`, 'WRITING_BACKLOG 2'].sort(),
    );
  });
});

async function swapObjects({ world, first, second }: Inhabited): Promise<void> {
  const bytes = await world.readBytes(first.key);
  await world.replaceBytes(first.key, await world.readBytes(second.key));
  await world.replaceBytes(second.key, bytes);
}

async function swapKeys({ world, first, second }: Inhabited): Promise<void> {
  await swapColumn(world, 'wrapped_dek', first.id, second.id);
}

async function swapObjectKeys({ world, first, second }: Inhabited): Promise<void> {
  await swapColumn(world, 'object_key', first.id, second.id);
}

async function swapColumn(world: World, column: string, one: string, other: string): Promise<void> {
  await world.sql(
    `UPDATE files file SET ${column} = other.${column} FROM files other
     WHERE (file.id, other.id) IN (($1, $2), ($2, $1))`,
    one,
    other,
  );
}

describe('C02 a file of three segments', () => {
  const SEGMENT = 1024 * 1024;
  let world: World;
  beforeAll(async () => {
    world = await World.create();
  });
  afterAll(() => world.close());

  it('C02 is named for each changed byte: header, salt, prefix, bodies, tags; and clean without', async () => {
    const file = await world.life.file(uuidv7(), content(2 * SEGMENT + 1000));
    const header = [0, 1, 20, 32, 33, 39];
    const bodies = [40, 41, 4_000, SEGMENT - 17, SEGMENT, SEGMENT + 9, 2 * SEGMENT - 17, 2 * SEGMENT, -17];
    const tags = [SEGMENT - 16, SEGMENT - 1, 2 * SEGMENT - 16, 2 * SEGMENT - 1, -16, -8, -1];
    const missed: number[] = [];
    for (const offset of [...header, ...bodies, ...tags]) {
      await world.flip(file.key, offset);
      const found = named(await world.examine());
      if (found.join() !== `CONTENT_DAMAGED ${file.id}`) missed.push(offset);
      await world.flip(file.key, offset);
    }
    expect(missed).toEqual([]);
    expect(named(await world.examine())).toEqual([]);
  }, 60_000);
});
