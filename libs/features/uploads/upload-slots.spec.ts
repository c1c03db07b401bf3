import { UploadWorld } from './testing/upload-world';
import { UploadSlots } from './upload-slots';

const PER_USER = 4;
let world: UploadWorld;
let slots: UploadSlots;

beforeAll(async () => {
  world = await UploadWorld.create({ UPLOADS_PER_USER: String(PER_USER), UPLOADS_PER_INSTANCE: '2' });
  slots = new UploadSlots(world.database, world.config);
});
afterAll(() => world.end());
afterEach(async () => void (await world.query('DELETE FROM uploads')));

const RATE_LIMITED = expect.objectContaining({ code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) });

/** Begins so many at once, and answers those that were let in. */
async function race(tries: number): Promise<string[]> {
  const results = await Promise.allSettled(Array.from({ length: tries }, () => world.begin()));
  const begun: string[] = [];
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toEqual(RATE_LIMITED);
    else {
      await result.value.writer.abandon();
      begun.push(result.value.upload.uploadId);
    }
  }
  return begun;
}

/** An upload that waits to be resumed. */
async function resumable(): Promise<string> {
  const upload = await world.uploads.begin(world.principal, {
    uploadId: null,
    door: 'tus',
    fileName: 'a.txt',
    extension: 'txt',
    mediaType: 'text/plain',
    category: 'document',
    fileType: null,
    attributes: {},
    totalBytes: 10,
  });
  return upload.uploadId;
}

describe('the uploads that a user runs at once', () => {
  it.each([PER_USER, PER_USER + 1, 30])(
    'are at most as many as are allowed, of %i that race',
    async (tries) => {
      expect(await race(tries)).toHaveLength(PER_USER);
    },
  );

  it('leave nothing of those that were refused', async () => {
    await race(20);
    expect(await world.query('SELECT 1 FROM uploads')).toHaveLength(PER_USER);
  });

  it('make room when they end, however they do', async () => {
    const [first, second] = await race(PER_USER);
    await world.endings.fail(first!, 'INTERRUPTED');
    await world.endings.cancel(world.principal, second!);
    expect(await race(PER_USER)).toHaveLength(2);
    const [running] = await world.query(`SELECT id FROM uploads WHERE status = 'uploading'`);
    await world.query(`UPDATE uploads SET status = 'received' WHERE id = $1`, [running!.id]);
    expect(await race(PER_USER)).toHaveLength(1);
  });

  it('make room when the process that ran them is dead', async () => {
    const [first] = await race(PER_USER);
    await world.expireLeases(first!);
    expect(await race(PER_USER)).toHaveLength(1);
  });

  it('are those for which somebody sends', async () => {
    const waiting = await Promise.all(Array.from({ length: PER_USER + 2 }, () => resumable()));
    for (const id of waiting.slice(0, PER_USER)) await slots.take(id, world.principal.userId);
    await slots.take(waiting[0]!, world.principal.userId); // Once more changes nothing.
    await expect(slots.take(waiting[PER_USER]!, world.principal.userId)).rejects.toEqual(RATE_LIMITED);
    expect(await race(1)).toEqual([]);
    await slots.release(waiting[1]!);
    await slots.take(waiting[PER_USER]!, world.principal.userId);
    await expect(race(1)).resolves.toEqual([]);
  });

  it('are at most as many when resumed ones race with new ones', async () => {
    const waiting = await Promise.all(Array.from({ length: 10 }, () => resumable()));
    const [taken, begun] = await Promise.all([
      Promise.allSettled(waiting.map((id) => slots.take(id, world.principal.userId))),
      race(10),
    ]);
    const resumed = taken.filter(({ status }) => status === 'fulfilled').length;
    expect(resumed + begun.length).toBe(PER_USER);
  });

  it('do not count for an upload that is over', async () => {
    const id = await resumable();
    await world.endings.cancel(world.principal, id);
    await slots.take(id, world.principal.userId);
    expect(await race(PER_USER)).toHaveLength(PER_USER);
  });
});

it('a process runs as many uploads as it is allowed to', () => {
  const [leave] = [slots.enter(), slots.enter()];
  expect(() => slots.enter()).toThrow(RATE_LIMITED);
  leave!();
  slots.enter();
  expect(() => slots.enter()).toThrow(RATE_LIMITED);
});
