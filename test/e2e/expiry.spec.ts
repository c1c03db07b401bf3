import { randomBytes } from '@waybill/core/crypto';
import { FileSweeper } from '@waybill/features/files';
import { ApiApp } from '../support/api-app';
import { createPerson, eventsOf, part, patchFile, publishFile, type Person } from '../support/files';

jest.setTimeout(60_000);

let api: ApiApp;
let ops: Person;

beforeAll(async () => {
  api = await ApiApp.start();
  ops = await createPerson(api, 'ops');
});

afterAll(() => api?.stop());

/** A file of ten days ago that ends in so many hours. */
async function ending(hours: number): Promise<string> {
  const expiresAt = new Date(Date.now() + hours * 3_600_000).toISOString();
  const { id } = await publishFile(api, ops, { plaintext: randomBytes(10), attributes: { expiresAt } });
  await api.query(
    `UPDATE files SET created_at = now() - interval '10 days', updated_at = now() - interval '10 days' WHERE id = $1`,
    [id],
  );
  return id;
}

const sweep = (): Promise<number> => part(api, FileSweeper).run();
const warnings = async (id: string): Promise<number> =>
  (await eventsOf(api, id)).filter((type) => type === 'file.expiring').length;

describe('the end of a file', () => {
  it('is warned of a day before, once', async () => {
    const [near, far] = [await ending(23), await ending(25)];
    const fresh = await publishFile(api, ops, {
      attributes: { expiresAt: new Date(Date.now() + 3_600_000).toISOString() },
    });
    await sweep();
    await sweep();
    expect(await Promise.all([near, far, fresh.id].map(warnings))).toEqual([1, 0, 0]);
    const [event] = await api.query(
      `SELECT owner_id, data FROM events WHERE subject_id = $1 AND type = 'file.expiring'`,
      [near],
    );
    expect(event).toEqual({
      owner_id: ops.userId,
      data: { fileId: near, fileName: 'report.docx', expiresAt: expect.any(String) },
    });
  });

  it('is warned of again when it was moved', async () => {
    const id = await ending(20);
    await sweep();
    const later = new Date(Date.now() + 22 * 3_600_000).toISOString();
    await patchFile(ops, id, { expiresAt: later });
    await api.query(`UPDATE files SET updated_at = now() - interval '10 days' WHERE id = $1`, [id]);
    await sweep();
    expect(await warnings(id)).toBe(2);
  });

  it('comes for many at once only when somebody has said so', async () => {
    await api.query(
      `INSERT INTO files (id, owner_id, name, extension, media_type, category, size, sha256, object_key, object_version, kek_id, expires_at)
       SELECT gen_random_uuid(), $1, 'x', 'docx', 'x', 'document', 1, '\\x00', 'vault/x/' || n, 1, 'k', now() - interval '1 s'
       FROM generate_series(1, 1100) n`,
      [ops.userId],
    );
    const left = async (): Promise<number> =>
      (
        await api.query(
          `SELECT count(*)::int AS n FROM files WHERE object_key LIKE 'vault/x/%' AND deleted_at IS NULL`,
        )
      )[0].n;
    await sweep();
    expect(await left()).toBe(1100);
    Object.assign(api.config, { sweepMaxPercent: 100 });
    await sweep();
    expect(await left()).toBe(0);
  });
});
