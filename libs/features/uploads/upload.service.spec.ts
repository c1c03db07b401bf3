import { UploadWorld, type BegunUpload } from './testing/upload-world';

let world: UploadWorld;

beforeAll(async () => {
  world = await UploadWorld.create({ UPLOAD_PART_BYTES: String(64 * 1024), USER_QUOTA_BYTES: '1000000' });
});
afterAll(() => world.end());
afterEach(() => jest.restoreAllMocks());

const TEXT = Buffer.from('Waybill hands files over.\n');

async function objects(uploadId: string): Promise<string[]> {
  const rows = await world.query<{ state: string }>('SELECT state FROM objects WHERE key LIKE $1', [
    `staging/${uploadId}/%`,
  ]);
  return rows.map(({ state }) => state);
}

async function usage(): Promise<number> {
  const [row] = await world.query<{ used: number }>(
    'SELECT used_bytes AS used FROM storage_usage WHERE user_id = $1',
    [world.principal.userId],
  );
  return row?.used ?? 0;
}

/** Ends the upload in some way while its last bytes wait for their commit. */
async function receiveAfter(begun: BegunUpload, act: () => Promise<unknown>): Promise<void> {
  begun.writer.write(TEXT);
  await begun.writer.end(async (last) => {
    await act();
    await world.uploads.receive(begun.upload, last, { attributes: {} });
  });
}

describe('UploadsService', () => {
  it.each<[string, (uploadId: string) => Promise<unknown>]>([
    ['was cancelled', (id) => world.endings.cancel(world.principal, id)],
    ['had failed', (id) => world.endings.fail(id, 'INTERRUPTED')],
  ])('refuses the last bytes of an upload that %s, and keeps neither them nor quota', async (_how, end) => {
    const begun = await world.begin();
    const { uploadId } = begun.upload;
    const before = await usage();
    await expect(receiveAfter(begun, () => end(uploadId))).rejects.toMatchObject({ code: 'GONE' });
    expect(await objects(uploadId)).toEqual(['dead']);
    expect(await usage()).toBe(before);
  });

  it('leaves a row for bytes that were written after their object had been swept away', async () => {
    const begun = await world.begin();
    const { uploadId } = begun.upload;
    await world.query('DELETE FROM objects WHERE key LIKE $1', [`staging/${uploadId}/%`]);
    await expect(world.receive(begun, TEXT)).rejects.toMatchObject({ code: 'GONE' });
    expect(await objects(uploadId)).toEqual(['dead']);
  });

  it('gives up a part that was made durable while another instance ended the upload', async () => {
    const begun = await world.begin();
    const { uploadId } = begun.upload;
    await world.endings.cancel(world.principal, uploadId);
    begun.writer.write(Buffer.alloc(64 * 1024, 'a'));
    await expect(world.receive(begun)).rejects.toMatchObject({ code: 'GONE' });
    expect(begun.errors).toHaveLength(1);
    expect(await objects(uploadId)).toEqual(['dead']);
  });

  it('takes what was received although the answer to the commit was lost, and then what fails takes it back', async () => {
    const begun = await world.begin();
    const { uploadId } = begun.upload;
    const before = await usage();
    const { execute } = world.database;
    jest.spyOn(world.database, 'execute').mockImplementationOnce(async (...statement) => {
      await execute.apply(world.database, statement);
      throw new Error('Connection terminated unexpectedly');
    });
    await expect(world.receive(begun, TEXT)).rejects.toThrow('Connection terminated');
    expect(await world.status(uploadId)).toBe('received');
    expect(await objects(uploadId)).toEqual(['live']);
    expect(await world.endings.fail(uploadId, 'DEPENDENCY_UNAVAILABLE')).toBe(true);
    expect(await objects(uploadId)).toEqual(['dead']);
    expect(await usage()).toBe(before);
  });

  it('lets one of many that race for the last of the quota have it', async () => {
    await world.query(
      `INSERT INTO storage_usage (user_id, used_bytes) VALUES ($1, 940000)
       ON CONFLICT (user_id) DO UPDATE SET used_bytes = excluded.used_bytes`,
      [world.principal.userId],
    );
    const bytes = Buffer.alloc(40_000, 'a');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 4 }, async () => {
        const begun = await world.begin();
        try {
          await world.receive(begun, bytes);
        } catch (error) {
          await begun.writer.abandon();
          await world.endings.fail(begun.upload.uploadId, 'QUOTA_EXCEEDED');
          throw error;
        }
      }),
    );
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(outcomes.length - 1);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'QUOTA_EXCEEDED' });
    expect(await usage()).toBe(980_000);
  });

  it('keeps the first object of a sender that takes its time before the first byte', async () => {
    const slow = await UploadWorld.create({ LEASE_SECONDS: '0.2' });
    try {
      const begun = await slow.begin();
      const { uploadId } = begun.upload;
      const lease = async (): Promise<Date> => {
        const [row] = await slow.query<{ until: Date }>(
          'SELECT lease_until AS until FROM objects WHERE key LIKE $1',
          [`staging/${uploadId}/%`],
        );
        return row!.until;
      };
      const first = await lease();
      while ((await lease()) <= first) expect(await slow.status(uploadId)).toBe('uploading');
      await slow.receive(begun, TEXT);
      expect(await slow.status(uploadId)).toBe('received');
    } finally {
      await slow.end();
    }
  });
});
