import { uuidv7 } from '@waybill/core/kernel';
import { Database } from '@waybill/platform/database';
import { FileRepository, type ListQuery } from '../../libs/features/files/file.repository';
import type { Reader } from '../../libs/features/files/file.policy';
import { ApiApp } from '../support/api-app';
import { part } from '../support/files';

jest.setTimeout(180_000);

/** Of each kind. */
const FILES = 20_000;
const PAGE = 21;
/** Pages of the database's memory for each row: the file, its owner, its grant, and the indexes that lead there. */
const LOOKS = 12;
const SORTS = ['createdAt', 'name', 'size'] as const;
const reader = (role: 'client' | 'ops'): Reader => ({
  userId: uuidv7(),
  role,
  email: `${role}-${uuidv7()}@example.org`,
  emailVerified: true,
});

const client = reader('client');
const lonely = reader('client');
const ops = reader('ops');
let api: ApiApp;

interface Fill {
  owner: string;
  count: number;
  visibility: string;
  /** SQL for the recipient of file number n. */
  recipient?: string;
}

async function fill({ owner, count, visibility, recipient }: Fill): Promise<void> {
  await api.query(
    `INSERT INTO files (id, owner_id, name, extension, media_type, category, visibility, size, sha256, object_key,
       object_version, wrapped_dek, kek_id, created_at)
     SELECT gen_random_uuid(), $1, md5(n::text) || '.docx', 'docx', 'x', 'document', $2, (n * 7919) % 1000003, '\\x00',
       gen_random_uuid()::text, 1, '\\x00', 'k', timestamptz '2026-01-01' + n * interval '1 minute'
     FROM generate_series(1, $3::int) n`,
    [owner, visibility, count],
  );
  if (recipient === undefined) return;
  await api.query(
    `INSERT INTO file_grants (file_id, email, created_at, name, size)
     SELECT id, ${recipient}, created_at, name, size
     FROM (SELECT *, row_number() OVER () AS n FROM files WHERE owner_id = $1 AND visibility = 'restricted') file
     ON CONFLICT DO NOTHING`,
    [owner],
  );
}

async function account({ userId, role, email }: Reader): Promise<string> {
  await api.query(
    `INSERT INTO users (id, email, role, password_hash, email_verified_at) VALUES ($1, $2, $3, 'x', now())`,
    [userId, email, role],
  );
  return userId;
}

/** A page in the middle of a list, and what it took: pages of the database's memory that were looked at. */
async function cost(of: Reader, query: Partial<ListQuery>): Promise<{ rows: number; buffers: number }> {
  const database = part(api, Database);
  const statements = jest.spyOn(database, 'query');
  const full: ListQuery = { sort: 'createdAt', descending: true, limit: PAGE, after: null, ...query };
  const rows = await part(api, FileRepository).list(of, full, new Date());
  const [sql, parameters] = statements.mock.calls[0] as [string, unknown[]];
  statements.mockRestore();
  const [answer] = await api.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sql}`, parameters);
  const { Plan: plan } = answer['QUERY PLAN'][0];
  return { rows: rows.length, buffers: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'] };
}

const MIDDLE = {
  createdAt: { key: '2026-01-01T16:40:00Z', id: uuidv7() },
  name: { key: '8', id: uuidv7() },
  size: { key: '500000', id: uuidv7() },
};

beforeAll(async () => {
  api = await ApiApp.start();
  for (const one of [client, lonely, ops]) await account(one);
});
afterAll(() => api.stop());

describe('with many files, most of them not for who asks', () => {
  beforeAll(async () => {
    const others = await account(reader('ops'));
    await fill({ owner: others, count: FILES, visibility: 'clients' });
    await fill({ owner: others, count: FILES, visibility: 'private' });
    // To one client each, a tenth of them to ours.
    const recipient = `CASE WHEN n % 10 = 0 THEN '${client.email}' ELSE 'client-' || n || '@example.org' END`;
    await fill({
      owner: await account(reader('ops')),
      count: FILES,
      visibility: 'restricted',
      recipient,
    });
    await fill({ owner: ops.userId, count: FILES / 10, visibility: 'restricted', recipient });
    await api.query('VACUUM ANALYZE files, file_grants, users');
  });

  const pages = SORTS.flatMap((sort) =>
    [true, false].flatMap((descending) => [
      [sort, descending, null] as const,
      [sort, descending, MIDDLE[sort]] as const,
    ]),
  );
  const people = { 'a client with grants': client, 'a client without': lonely, 'their owner': ops };
  it.each(Object.entries(people))('a page of %s costs what it holds', async (_, of) => {
    for (const [sort, descending, after] of pages) {
      const { rows, buffers } = await cost(of, { sort, descending, after });
      expect([sort, descending, after, rows]).toEqual([sort, descending, after, PAGE]);
      expect(buffers).toBeLessThan(LOOKS * PAGE);
    }
  });

  it('the union is one list', async () => {
    const repository = part(api, FileRepository);
    for (const sort of SORTS) {
      const all: string[] = [];
      const query = { sort, descending: false, limit: 500 };
      let after: ListQuery['after'] = { ...MIDDLE[sort] };
      for (let page = 0; page < 4; page++) {
        const rows = await repository.list(client, { ...query, after }, new Date());
        all.push(...rows.map(({ id }) => id));
        after = { key: rows.at(-1)!.sortKey, id: rows.at(-1)!.id };
      }
      const { key, id } = MIDDLE[sort];
      const column = { createdAt: 'created_at', name: 'name', size: 'size' }[sort];
      const expected = await api.query(
        `SELECT id FROM files WHERE (visibility = 'clients' OR id IN (SELECT file_id FROM file_grants WHERE email = $1))
           AND (${column}, id) > ($2, $3)
         ORDER BY ${column}, id LIMIT 2000`,
        [client.email, key, id],
      );
      expect(all).toEqual(expected.map((row) => row.id));
    }
  });
});
