import { randomBytes } from '@waybill/core/crypto';
import type { ObjectWriter } from '@waybill/platform/storage';
import { UploadWorld } from '../testing/upload-world';

let world: UploadWorld;

beforeAll(async () => {
  world = await UploadWorld.create({ SEALING_ATTEMPTS: '2' });
});
afterAll(() => world.end());
afterEach(() => jest.restoreAllMocks());

const never = new AbortController().signal;

async function objects(uploadId: string): Promise<Record<string, string>> {
  const { fileId } = (await world.repository.find(uploadId))!;
  const rows = await world.query<{ key: string; state: string }>(
    'SELECT key, state FROM objects WHERE key LIKE $1 OR key LIKE $2 ORDER BY key',
    [`staging/${uploadId}/%`, `vault/${fileId}/%`],
  );
  return Object.fromEntries(rows.map(({ key, state }) => [key.replace(/\/[0-9a-f-]{36}/, ''), state]));
}

async function files(uploadId: string): Promise<number> {
  const { fileId } = (await world.repository.find(uploadId))!;
  return (await world.query('SELECT 1 FROM files WHERE id = $1', [fileId])).length;
}

/** Does something each time that a sealing has made its object durable, before anybody hears of it. */
function onceDurable(act: () => Promise<unknown>): void {
  const store = world.stores.default;
  const { create } = store;
  jest.spyOn(store, 'create').mockImplementation(async (key) => {
    const inner = await create.call(store, key);
    const writer: ObjectWriter = {
      write: (buffers) => inner.write(buffers),
      abort: () => inner.abort(),
      commit: async () => {
        const committed = await inner.commit();
        await act();
        return committed;
      },
    };
    return writer;
  });
}

describe('SealingService', () => {
  it('gives one upload to one of many workers', async () => {
    const id = await world.sealable();
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => world.sealing.seal(id, 0, never)));
    expect(outcomes.filter(({ kind }) => kind === 'completed')).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === 'not-due')).toHaveLength(4);
    expect(await files(id)).toBe(1);
    expect(await objects(id)).toMatchObject({ 'vault/1': 'live' });
  });

  it('does nothing with a job whose number has passed', async () => {
    const id = await world.sealable();
    await world.sealing.seal(id, 0, never);
    for (const attempt of [0, 1, 2])
      expect(await world.sealing.seal(id, attempt, never)).toEqual({ kind: 'not-due' });
  });

  it('makes no file of what was cancelled in its last moment', async () => {
    const id = await world.sealable();
    onceDurable(() => world.endings.cancel(world.principal, id));
    expect(await world.sealing.seal(id, 0, never)).toEqual({ kind: 'not-due' });
    expect(await world.status(id)).toBe('cancelled');
    expect(await files(id)).toBe(0);
    expect(Object.values(await objects(id))).toEqual(['dead', 'dead']);
  });

  it('stops in the middle of what is cancelled, at once', async () => {
    const id = await world.sealable(Buffer.from(randomBytes(1_500_000).toString('hex')));
    const { create } = world.stores.default;
    jest.spyOn(world.stores.default, 'create').mockImplementationOnce(async (key) => {
      const inner = await create.call(world.stores.default, key);
      return {
        // Whoever does not stop waits here for ever: neither lease nor commit comes to pass.
        write: () => world.endings.cancel(world.principal, id),
        commit: () => new Promise(() => undefined),
        abort: () => inner.abort(),
      };
    });
    expect(await world.sealing.seal(id, 0, never)).toEqual({ kind: 'not-due' });
    expect(await world.status(id)).toBe('cancelled');
    expect(Object.values(await objects(id))).not.toContain('live');
  });

  it('lets the newer attempt win, and the late one touch nothing of it', async () => {
    const id = await world.sealable();
    let taken = false;
    onceDurable(async () => {
      if (taken) return;
      taken = true;
      await world.expireLeases(id);
      expect(await world.sealing.seal(id, 1, never)).toMatchObject({ kind: 'completed' });
    });
    expect(await world.sealing.seal(id, 0, never)).toEqual({ kind: 'not-due' });
    expect(await files(id)).toBe(1);
    expect(await objects(id)).toMatchObject({ 'vault/1': 'dead', 'vault/2': 'live' });
  });

  it('leaves a row for what it wrote after it had been swept away', async () => {
    const id = await world.sealable();
    const { create } = world.stores.default;
    // Held up for longer than its lease between the registration and the first byte.
    jest.spyOn(world.stores.default, 'create').mockImplementationOnce(async (key) => {
      await world.query('DELETE FROM objects WHERE key = $1', [key]);
      return create.call(world.stores.default, key);
    });
    expect(await world.sealing.seal(id, 0, never)).toMatchObject({ kind: 'postponed' });
    expect(await objects(id)).toMatchObject({ 'vault/1': 'dead' });
  });

  it('keeps a file whose commit was answered by a broken connection', async () => {
    const id = await world.sealable();
    const { execute } = world.database;
    jest.spyOn(world.database, 'execute').mockImplementation(async (statement, ...rest) => {
      const rows = await execute.call(world.database, statement, ...rest);
      if (statement.name === 'publish-sealed') throw new Error('Connection terminated unexpectedly');
      return rows as never;
    });
    expect(await world.sealing.seal(id, 0, never)).toEqual({ kind: 'not-due' });
    expect(await world.status(id)).toBe('completed');
    expect(await objects(id)).toMatchObject({ 'vault/1': 'live' });
    expect(
      await world.stores.default.head(`vault/${(await world.repository.find(id))!.fileId}/1`),
    ).not.toBeNull();
  });

  it('tries again, gives up with the staged bytes kept, and seals when asked by hand', async () => {
    const id = await world.sealable();
    const broken = jest.spyOn(world.stores.default, 'create').mockRejectedValue(new Error('no'));
    expect(await world.sealing.seal(id, 0, never)).toMatchObject({ kind: 'postponed', attempt: 1 });
    await world.query('UPDATE uploads SET retry_at = now() WHERE id = $1', [id]);
    expect(await world.sealing.seal(id, 1, never)).toEqual({ kind: 'failed', code: 'INTERNAL' });
    expect(await world.repository.find(id)).toMatchObject({
      status: 'failed',
      failureCode: 'SEALING_FAILED',
    });
    broken.mockRestore();
    expect(await world.sealing.retry(world.principal.userId, id)).toBe(2);
    expect(await world.sealing.seal(id, 2, never)).toMatchObject({ kind: 'completed' });
    expect(await files(id)).toBe(1);
  });

  it('gives up what kills its worker each time', async () => {
    const id = await world.sealable();
    const dead: { sealing: Promise<unknown>; end: (error: Error) => void }[] = [];
    const attempt = async (last: number): Promise<unknown> => {
      let end = (_error: Error): void => undefined;
      const killed = new Promise<never>((_resolve, reject) => (end = reject));
      killed.catch(() => undefined);
      let begun = (): void => undefined;
      const reached = new Promise<void>((resolve) => (begun = resolve));
      jest.spyOn(world.stores.default, 'create').mockImplementationOnce(() => {
        begun();
        return killed;
      });
      const sealing = world.sealing.seal(id, last, never);
      dead.push({ sealing, end });
      const outcome = await Promise.race([sealing, reached]);
      await world.expireLeases(id);
      return outcome;
    };
    for (let deaths = 0; deaths < 6; deaths++) expect(await attempt(deaths)).toBeUndefined();
    expect(await attempt(6)).toEqual({ kind: 'failed', code: 'INTERNAL' });
    jest.restoreAllMocks();
    expect(await world.repository.find(id)).toMatchObject({ failureCode: 'SEALING_FAILED' });
    expect(await world.sealing.retry(world.principal.userId, id)).toBe(7);
    expect(await world.sealing.seal(id, 7, never)).toMatchObject({ kind: 'completed' });
    for (const { end } of dead) end(new Error('killed'));
    await Promise.all(dead.map(({ sealing }) => sealing));
  });

  it('leaves a sealing that the end of the process interrupts to another, without counting it', async () => {
    const id = await world.sealable(Buffer.from(randomBytes(600_000).toString('hex')));
    const stopping = new AbortController();
    stopping.abort();
    expect(await world.sealing.seal(id, 0, stopping.signal)).toMatchObject({ kind: 'postponed', delayMs: 0 });
    expect(await world.repository.find(id)).toMatchObject({ status: 'received', failures: 0 });
    expect(await world.sealing.seal(id, 1, never)).toMatchObject({ kind: 'completed' });
  });
});
