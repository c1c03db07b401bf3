import { randomBytes } from '@waybill/core/crypto';
import { uuidv7, type Principal } from '@waybill/core/kernel';
import { UploadWorld } from '../testing/upload-world';

let world: UploadWorld;

beforeAll(async () => {
  world = await UploadWorld.create({ USER_QUOTA_BYTES: '1000000', UPLOADS_PER_USER: '2' });
});
afterAll(() => world.end());
afterEach(() => jest.restoreAllMocks());

const FILE = {
  door: 'multipart',
  fileName: 'a.txt',
  extension: 'txt',
  mediaType: 'text/plain',
  category: 'document',
  fileType: null,
  attributes: { title: null, description: null, tags: [], visibility: 'clients' },
} as const;

const receive = (bytes: Buffer, request: object = {}, principal = world.principal) =>
  world.whole.receive(principal, { ...FILE, ...request }, [bytes]);

async function person(role = 'ops'): Promise<Principal> {
  const userId = uuidv7();
  await world.query(`INSERT INTO users (id, email, role, password_hash) VALUES ($1, $2, $3, '')`, [
    userId,
    `${userId}@example.com`,
    role,
  ]);
  return { userId, role } as Principal;
}

async function used({ userId }: Principal): Promise<number> {
  const [row] = await world.query<{ used: number }>(
    'SELECT used_bytes AS used FROM storage_usage WHERE user_id = $1',
    [userId],
  );
  return row?.used ?? 0;
}

const objectOf = async (uploadId: string): Promise<string[]> => {
  const rows = await world.query<{ state: string }>('SELECT state FROM objects WHERE key LIKE $1', [
    `staging/${uploadId}/%`,
  ]);
  return rows.map(({ state }) => state);
};

describe('WholeUploads', () => {
  it('takes many at a time with few commits, each as if it were alone', async () => {
    const statements = jest.spyOn(world.database, 'execute');
    const contents = Array.from({ length: 20 }, (_, index) =>
      Buffer.from(`${index} ${randomBytes(100).toString('hex')}`),
    );
    const received = await Promise.all(contents.map((bytes) => receive(bytes)));
    const commits = statements.mock.calls.filter(([{ name }]) => name === 'receive-whole-uploads');
    expect(commits.length).toBeLessThan(contents.length / 2);
    for (const [index, upload] of received.entries()) {
      const { uploadId, fileId } = upload!;
      const row = await world.repository.find(uploadId);
      const size = contents[index]!.length;
      expect(row).toMatchObject({
        fileId,
        status: 'received',
        offsetBytes: size,
        totalBytes: size,
        partCount: 1,
      });
      expect(row!.validatedAt).not.toBeNull();
      expect(await objectOf(uploadId)).toEqual(['live']);
      const events = await world.query<{ type: string; data: object }>(
        'SELECT type, data FROM events JOIN event_outbox ON event_id = id WHERE subject_id = $1 ORDER BY seq',
        [uploadId],
      );
      const data = { uploadId, fileId, fileName: 'a.txt' };
      expect(events).toEqual([
        { type: 'upload.created', data },
        { type: 'upload.received', data: { ...data, size } },
      ]);
    }
    expect(await used(world.principal)).toBe(contents.reduce((sum, { length }) => sum + length, 0));
    // They can be sealed: the key that their rows have is the one that their bytes are under.
    const { uploadId } = received[7]!;
    const outcome = await world.sealing.seal(uploadId, 0, new AbortController().signal);
    expect(outcome).toMatchObject({ kind: 'completed', bytes: contents[7]!.length });
  });

  it('leaves to the ordinary way whose owner has no room, or may not upload any more, and takes the others', async () => {
    const [full, demoted, fine] = [await person(), await person('client'), await person()];
    await world.query('INSERT INTO storage_usage (user_id, used_bytes) VALUES ($1, 999995)', [full.userId]);
    const bytes = Buffer.from('Waybill.\n');
    const received = await Promise.all([full, demoted, fine].map((owner) => receive(bytes, {}, owner)));
    expect(received.map((upload) => upload !== null)).toEqual([false, false, true]);
    expect([await used(full), await used(demoted), await used(fine)]).toEqual([999_995, 0, bytes.length]);
    const rows = await world.query('SELECT id FROM uploads WHERE owner_id = ANY($1)', [
      [full.userId, demoted.userId],
    ]);
    expect(rows).toEqual([]);
  });

  it('never lets those who race for the last of the quota have more than there is', async () => {
    const owner = await person();
    await world.query('INSERT INTO storage_usage (user_id, used_bytes) VALUES ($1, 990000)', [owner.userId]);
    const received = await Promise.all(
      Array.from({ length: 10 }, () => receive(Buffer.alloc(4_000, 'a'), {}, owner)),
    );
    const taken = received.filter((upload) => upload !== null).length;
    expect(taken).toBeLessThanOrEqual(2);
    expect(await used(owner)).toBe(990_000 + taken * 4_000);
  });

  it('leaves to the ordinary way whose owner runs as many uploads as he may', async () => {
    const running = [await world.begin(), await world.begin()];
    expect(await receive(Buffer.from('a'))).toBeNull();
    await running[0]!.writer.abandon();
    await world.endings.fail(running[0]!.upload.uploadId, 'INTERRUPTED');
    expect(await receive(Buffer.from('a'))).not.toBeNull();
    await running[1]!.writer.abandon();
    await world.endings.fail(running[1]!.upload.uploadId, 'INTERRUPTED');
  });

  it('does not let what one of them says be the loss of the others', async () => {
    const outcomes = await Promise.allSettled([
      receive(Buffer.from('a')),
      receive(Buffer.from('b'), { fileName: 'a\0.txt' }),
      receive(Buffer.from('c')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('keeps nothing of what was committed although the answer to it was lost', async () => {
    const before = await used(world.principal);
    const { execute } = world.database;
    jest.spyOn(world.database, 'execute').mockImplementationOnce(async (...statement) => {
      await execute.apply(world.database, statement);
      throw new Error('Connection terminated unexpectedly');
    });
    await expect(receive(Buffer.from('Waybill.\n'))).rejects.toThrow('Connection terminated');
    const [last] = await world.query<{ id: string; status: string }>(
      'SELECT id, status FROM uploads ORDER BY created_at DESC LIMIT 1',
    );
    expect(last!.status).toBe('failed');
    expect(await objectOf(last!.id)).toEqual(['dead']);
    expect(await used(world.principal)).toBe(before);
  });

  it('refuses an object that was swept before its commit, and leaves a row for its bytes', async () => {
    const { execute } = world.database;
    jest.spyOn(world.database, 'execute').mockImplementationOnce(async (...statement) => {
      await world.query(`DELETE FROM objects WHERE state = 'writing'`);
      return execute.apply(world.database, statement);
    });
    const before = await world.query(`SELECT key FROM objects WHERE state = 'dead'`);
    expect(await receive(Buffer.from('Waybill.\n'))).toBeNull();
    expect(await world.query(`SELECT key FROM objects WHERE state = 'dead'`)).toHaveLength(before.length + 1);
  });
});
