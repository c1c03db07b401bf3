import { uuidv7 } from '@waybill/core/kernel';
import { inhabit, type Inhabited } from './testing/inhabited';
import type { Snapshot } from './testing/snapshot';

function gate(): { open: () => void; passed: Promise<void> } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { open, passed };
}

describe('A repair', () => {
  let home: Inhabited;
  let whole: Snapshot;
  beforeAll(async () => {
    home = await inhabit();
    whole = await home.world.save();
  });
  afterEach(() => whole.restore());
  afterAll(() => home.world.close());

  const fileRow = async (id: string): Promise<{ status: string; revision: number }> => {
    const [row] = await home.world.sql<{ status: string; revision: number }>(
      'SELECT status, revision FROM files WHERE id = $1',
      id,
    );
    return row!;
  };
  const corruptEvents = (id: string): Promise<unknown[]> =>
    home.world.sql(`SELECT data FROM events WHERE type = 'file.corrupt' AND subject_id = $1`, id);
  const orphans = async (count: number): Promise<string[]> => {
    const keys = Array.from({ length: count }, () => `vault/${uuidv7()}/1`);
    for (const key of keys) await home.world.life.write(key, Buffer.alloc(10));
    return keys;
  };

  it('marks a damaged file corrupt, announces it once, and still has it for a finding', async () => {
    const { world, first } = home;
    await world.flip(first.key, 900);
    const { repairs, summary } = await world.examine({ repair: true });
    expect(repairs).toMatchObject([{ finding: { subject: first.id }, result: 'marked' }]);
    expect(summary).toMatchObject({ findings: 1, healed: 0 });
    expect(await fileRow(first.id)).toEqual({ status: 'corrupt', revision: 2 });
    expect(await corruptEvents(first.id)).toEqual([
      { data: { fileId: first.id, fileName: 'a.docx', code: 'INTEGRITY_FAILURE' } },
    ]);

    const again = await world.examine({ repair: true });
    expect(again).toMatchObject({ repairs: [], summary: { findings: 1 } });
    expect(await fileRow(first.id)).toEqual({ status: 'corrupt', revision: 2 });
    expect(await corruptEvents(first.id)).toHaveLength(1);
  });

  it.each<[string, (home: Inhabited) => Promise<unknown>]>([
    [
      'whose KEK is not there: the keyring may come back',
      ({ world, first }) => world.sql(`UPDATE files SET kek_id = 'elsewhere' WHERE id = $1`, first.id),
    ],
    [
      'that is registered with another size',
      ({ world, first }) => world.sql('UPDATE objects SET size = 1 WHERE key = $1', first.key),
    ],
    [
      'that is not registered, nor its bytes',
      ({ world, first }) => world.sql('DELETE FROM objects WHERE key = $1', first.key),
    ],
  ])('leaves a file alone %s', async (_title, damage) => {
    const { world, first } = home;
    await damage(home);
    const { findings, repairs } = await world.examine({ repair: true, force: true });
    expect(findings).toMatchObject([{ subject: first.id }]);
    expect(repairs).toEqual([]);
    expect(await fileRow(first.id)).toEqual({ status: 'available', revision: 1 });
    expect(await world.store.head(first.key)).not.toBeNull();
    expect(await world.sql(`SELECT key FROM objects WHERE key = $1 AND state = 'dead'`, first.key)).toEqual(
      [],
    );
  });

  it('leaves orphans to the sweeper, and is clean afterwards', async () => {
    const { world } = home;
    const keys = await orphans(2);
    await world.life.writeUnfinished('staging/stray');
    const { summary } = await world.examine({ repair: true });
    expect(summary).toMatchObject({ findings: 3, healed: 3 });
    for (const key of keys) expect(await world.store.head(key)).not.toBeNull();
    expect((await world.examine()).findings).toEqual([]);
    await world.life.sweep();
    for (const key of keys) expect(await world.store.head(key)).toBeNull();
    expect((await world.examine()).findings).toEqual([]);
  });

  it('refuses when much looks orphaned, unless it is forced', async () => {
    const { world } = home;
    await orphans(6);
    const { repairs, summary } = await world.examine({ repair: true });
    expect(repairs.map(({ result }) => result)).toEqual(Array(6).fill('refused'));
    expect(summary).toMatchObject({ findings: 6, healed: 0 });
    expect((await world.examine({ repair: true, force: true })).summary).toMatchObject({
      findings: 6,
      healed: 6,
    });
    expect((await world.examine()).findings).toEqual([]);
  });

  it('does not refuse for a few, though they are many of all', async () => {
    await orphans(5);
    expect((await home.world.examine({ repair: true })).summary).toMatchObject({ findings: 5, healed: 5 });
  });

  it('refuses to condemn all files because a store or keyring is another', async () => {
    const { world, first } = home;
    for (let i = 0; i < 4; i++) await world.life.file(first.ownerId, Buffer.alloc(10));
    await world.sql(`UPDATE files SET wrapped_dek = '\\x01' WHERE deleted_at IS NULL`);
    const { repairs } = await world.examine({ repair: true });
    expect(repairs.map(({ result }) => result)).toEqual(Array(7).fill('refused'));
    expect(await world.sql(`SELECT id FROM files WHERE status = 'corrupt'`)).toEqual([]);
  });

  it('counts usage anew, also of who has no count, and of who stores nothing', async () => {
    const { world, first, second } = home;
    await world.sql('UPDATE storage_usage SET used_bytes = 1 WHERE user_id = $1', first.ownerId);
    await world.sql('DELETE FROM storage_usage WHERE user_id = $1', second.ownerId);
    await world.sql('INSERT INTO storage_usage VALUES ($1, 5)', uuidv7());
    expect((await world.examine({ repair: true })).summary).toMatchObject({ findings: 3, healed: 3 });
    expect((await world.examine()).findings).toEqual([]);
  });

  it('waits for a charge that is under way, and counts it', async () => {
    const { world, first, running } = home;
    await world.sql('UPDATE storage_usage SET used_bytes = 1 WHERE user_id = $1', first.ownerId);
    const charged = gate();
    const counting = gate();
    const charging = world.database.transaction(async (tx) => {
      await tx.query('UPDATE uploads SET offset_bytes = offset_bytes + 100 WHERE id = $1', [running.id]);
      await tx.query('UPDATE storage_usage SET used_bytes = used_bytes + 100 WHERE user_id = $1', [
        first.ownerId,
      ]);
      charged.open();
      await counting.passed;
    });
    await charged.passed;
    const repair = world.examine({ repair: true, fast: true });
    while ((await lockWaits()) === 0);
    counting.open();
    await charging;
    expect((await repair).repairs).toMatchObject([{ finding: { code: 'USAGE_DRIFT' }, result: 'healed' }]);
    const drift = (await world.examine({ fast: true })).findings.filter(({ code }) => code === 'USAGE_DRIFT');
    expect(drift).toEqual([]);
  });

  async function lockWaits(): Promise<number> {
    const [waits] = await home.world.sql<{ count: number }>(
      `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    return waits!.count;
  }
});
