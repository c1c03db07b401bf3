import { AppError, uuidv7, type Role } from '@waybill/core/kernel';
import { sha256 } from '@waybill/core/crypto';
import { DEFAULT_FILE_ATTRIBUTES, FileSweeper, StorageUsageService } from '@waybill/features/files';
import { Database } from '@waybill/platform/database';
import { Keyring } from '@waybill/platform/keyring';
import { ObjectRegistry } from '@waybill/platform/objects';
import { ObjectStores } from '@waybill/platform/storage';
import { publishSealed } from '../../libs/features/files/testing/publish';
import { seal } from '../../libs/features/files/testing/sealing';
import { ApiApp } from '../support/api-app';
import {
  createPerson,
  DOCX,
  eventsOf,
  FILE_ROUTES,
  part as partOf,
  publishFile,
  type FileToPublish,
  type Person,
  type PublishedFile,
} from '../support/files';

jest.setTimeout(60_000);

let api: ApiApp;
let ops: Person;
let otherOps: Person;
let client: Person;

beforeAll(async () => {
  api = await ApiApp.start();
  [ops, otherOps, client] = await Promise.all([person('ops'), person('ops'), person('client')]);
});
afterAll(() => api.stop());

function part<T>(token: abstract new (...args: never[]) => T): T {
  return partOf(api, token);
}
const person = (role: Role): Promise<Person> => createPerson(api, role);
const publish = (owner: Person, given?: FileToPublish): Promise<PublishedFile> =>
  publishFile(api, owner, given);
const events = (subject: string): Promise<string[]> => eventsOf(api, subject);

async function change(id: string, assignments: string, ...values: unknown[]): Promise<void> {
  await api.query(`UPDATE files SET ${assignments} WHERE id = $1`, [id, ...values]);
}

async function usage(of: Person): Promise<number> {
  const [row] = await api.query('SELECT used_bytes FROM storage_usage WHERE user_id = $1', [of.userId]);
  return Number(row?.used_bytes ?? 0);
}

describe('quota', () => {
  const usages = (): StorageUsageService => part(StorageUsageService);
  const charge = (userId: string, bytes: number, limit: number | null): Promise<void> =>
    part(Database).transaction((tx) => usages().charge(tx, userId, bytes, limit));

  it('is never exceeded, whoever races', async () => {
    const { userId } = await person('ops');
    const results = await Promise.allSettled(Array.from({ length: 40 }, () => charge(userId, 30, 100)));
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as AppError] : [],
    );
    expect(refused.map(({ code }) => code)).toEqual(Array(37).fill('QUOTA_EXCEEDED'));
    expect(await api.query('SELECT used_bytes FROM storage_usage WHERE user_id = $1', [userId])).toEqual([
      { used_bytes: 90 },
    ]);
  });

  it('refuses the first byte too much, and takes the last that fits', async () => {
    const { userId } = await person('ops');
    await expect(charge(userId, 101, 100)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    await charge(userId, 100, 100);
    await expect(charge(userId, 1, 100)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    await charge(userId, 1, null);
    await part(Database).transaction((tx) => usages().release(tx, userId, 1_000));
    await charge(userId, 100, 100);
  });
});

describe('publishing', () => {
  it('makes no file of an object that is not the writer’s any more', async () => {
    const owner = await person('ops');
    const id = uuidv7();
    const sealed = await seal(part(ObjectStores).default, part(Keyring), { id, plaintext: Buffer.from('x') });
    const made = await part(Database).transaction((tx) =>
      publishSealed(part(Database), tx, {
        ...sealed,
        fileId: id,
        ownerId: owner.userId,
        name: 'a.docx',
        extension: 'docx',
        mediaType: DOCX,
        category: 'document',
        fileType: null,
        attributes: DEFAULT_FILE_ATTRIBUTES,
        sha256: sha256('x'),
      }),
    );
    expect(made).toBe(false);
    expect(await api.query('SELECT id FROM files WHERE id = $1', [id])).toEqual([]);
    expect(await events(id)).toEqual([]);
  });
});

describe('D01 sweeping', () => {
  const rowOf = (id: string): Promise<unknown[]> =>
    api.query('SELECT wrapped_dek FROM files WHERE id = $1', [id]);

  it('ends a file with its time, and remembers that it was there', async () => {
    const owner = await person('ops');
    const [over, going] = [await publish(owner), await publish(owner)];
    await change(over.id, `expires_at = now() - interval '1 second'`);
    await change(going.id, `expires_at = now() + interval '1 hour'`);
    const link = await client.downloadLink(going.id);
    await part(FileSweeper).run();
    expect(await rowOf(over.id)).toEqual([{ wrapped_dek: null }]);
    expect(
      await api.query('SELECT state FROM objects WHERE key = ANY($1) ORDER BY state', [
        [over.key, going.key],
      ]),
    ).toEqual([{ state: 'dead' }, { state: 'live' }]);
    expect(await events(over.id)).toEqual(['file.available', 'file.expired']);
    expect(await usage(owner)).toBe(going.plaintext.length);
    for (const [, call] of FILE_ROUTES) expect((await call(owner, over.id)).status).toBe(410);
    expect((await client.get(`/api/files/${over.id}`)).status).toBe(410);
    expect((await otherOps.get(`/api/files/${over.id}`)).status).toBe(404);
    expect((await client.get(link)).status).toBe(200);
  });

  it('forgets a tombstone when it is old and its object is gone', async () => {
    const [old, young, held] = [await publish(ops), await publish(ops), await publish(ops)];
    for (const { id } of [old, young, held]) await ops.delete(`/api/files/${id}`);
    for (const { id } of [old, held]) await change(id, `deleted_at = now() - interval '2 days'`);
    await part(ObjectRegistry).forget([old.key, young.key]);
    await part(FileSweeper).run();
    expect(
      [await rowOf(old.id), await rowOf(young.id), await rowOf(held.id)].map((rows) => rows.length),
    ).toEqual([0, 1, 1]);
  });
});
