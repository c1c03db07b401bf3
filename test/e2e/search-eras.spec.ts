import { Database } from '@waybill/platform/database';
import { erasBetween, dayOf } from '../../libs/features/search/eras';
import { ApiApp } from '../support/api-app';
import { createPerson, part, type Person } from '../support/files';
import { insertManyFiles } from '../support/many-files';

jest.setTimeout(120_000);

/** Of each of two owners. Six of them have one time; of such times every sixth is midnight, where eras begin. */
const PUBLISHED = 20_000;
const CREATED = `timestamptz '2023-01-01 00:00+00' + n / 3 * interval '4 hours'`;
/** So many of the newest matches are ranked together, ahead of what is older. */
const RANKED = 500;
const PAGE = 100;
/** Less than a page of each in the window; more than a page, or than are ranked at a time, in the eras that follow. */
const TEXT = `concat_ws(' ', 'file', CASE WHEN n % 27 = 0 THEN 'some' END, CASE WHEN n % 54 = 0 THEN 'some some' END,
  CASE WHEN n % 101 = 0 THEN 'few' END, CASE WHEN n % 900 = 0 THEN 'rare' END, CASE WHEN n BETWEEN 300 AND 950 THEN 'ancient' END)`;

let api: ApiApp;
let client: Person;
const owners: Person[] = [];

beforeAll(async () => {
  api = await ApiApp.start();
  client = await createPerson(api, 'client');
  owners.push(await createPerson(api, 'ops'), await createPerson(api, 'ops'));
  const files = { description: TEXT, createdAt: CREATED };
  await insertManyFiles(api, [
    ...owners.map(({ userId }) => ({ ...files, owner: userId, count: PUBLISHED })),
    {
      ...files,
      owner: owners[0]!.userId,
      count: PUBLISHED,
      visibility: `CASE n % 2 WHEN 0 THEN 'restricted' ELSE 'private' END`,
      recipient: client.email,
    },
    // The grants of somebody else.
    {
      ...files,
      owner: owners[1]!.userId,
      count: 500,
      visibility: `'restricted'`,
      recipient: 'x@example.org',
    },
  ]);
});
afterAll(() => api.stop());

interface Item {
  id: string;
  createdAt: string;
  score: number;
}

interface Page {
  items: Item[];
  nextCursor: string | null;
}

async function page(query: Record<string, string>, cursor: string | null): Promise<Page> {
  const parameters = new URLSearchParams({ ...query, ...(cursor === null ? {} : { cursor }) });
  const { status, body } = await client.get(`/api/files/search?${parameters.toString()}`);
  expect(status).toBe(200);
  return body;
}

/** What follows a page; each but the last has as many as were asked for, unless some were taken away in between. */
async function rest(query: Record<string, string>, from: string | null, full = true): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor = from, first = true; first || cursor !== null; first = false) {
    const { items: more, nextCursor } = await page(query, cursor);
    if (full && nextCursor !== null) expect(more).toHaveLength(Number(query.limit));
    items.push(...more);
    cursor = nextCursor;
  }
  return items;
}

/** What the client may have with this word, newest first, found without any of the product's ways. */
async function expected(word: string): Promise<{ id: string; at: Date }[]> {
  return api.query(
    `SELECT id, created_at AS at FROM files
     WHERE deleted_at IS NULL AND description LIKE '%${word}%' AND (visibility = 'clients' OR visibility = 'restricted'
       AND id IN (SELECT file_id FROM file_grants WHERE email = '${client.email}'))
     ORDER BY created_at DESC, id DESC`,
  );
}

/** Runs something, and tells how many of its statements asked for eras. */
async function erasAsked(work: () => Promise<unknown>): Promise<number> {
  const spies = (['query', 'execute'] as const).map((name) => jest.spyOn(part(api, Database), name));
  await work();
  const asked = spies.flatMap((spy) => spy.mock.calls.map(([statement]) => JSON.stringify(statement)));
  for (const spy of spies) spy.mockRestore();
  return asked.filter((statement) => statement.includes('search_eras(')).length;
}

const idsOf = (items: { id: string }[]): string[] => items.map(({ id }) => id);

it('the schema and the search mean the same by an era', async () => {
  const rows = await api.query<{ at: string; eras: number[] }>(
    `SELECT at::text AS at, search_eras(at) AS eras FROM (
       SELECT timestamptz '1999-06-01 00:00+00' + n * interval '61 days 7 hours 13 minutes 0.000001 seconds' AS at FROM generate_series(0, 300) n
       UNION ALL SELECT timestamptz '2024-01-01 00:00+00' + n * interval '12 hours' - interval '1 microsecond' FROM generate_series(0, 300) n
       UNION ALL SELECT timestamptz '2024-01-01 00:00+00' + n * interval '1 day' FROM generate_series(0, 300) n
     ) times`,
  );
  expect(rows).toHaveLength(903);
  for (const { at, eras } of rows) {
    const day = dayOf(at);
    for (const length of [0, 5, 30, 100, 400, 1_700]) {
      expect([at, erasBetween(day - length, day)!.some((era) => eras.includes(era))]).toEqual([at, true]);
      expect([at, erasBetween(day, day + length)!.some((era) => eras.includes(era))]).toEqual([at, true]);
    }
  }
});

describe.each(['some', 'few', 'rare', 'ancient'])('“%s”, most of it behind the window', (word) => {
  it.each([20, PAGE])('newest first is one list, in pages of %d', async (limit) => {
    const items = await rest({ q: word, sort: '-createdAt', limit: String(limit) }, null);
    expect(idsOf(items)).toEqual(idsOf(await expected(word)));
  });

  it('oldest first, too', async () => {
    const items = await rest({ q: word, sort: 'createdAt', limit: String(PAGE) }, null);
    expect(idsOf(items)).toEqual(idsOf(await expected(word)).reverse());
  });

  it.each([20, PAGE])('by relevance has each once, in pages of %d', async (limit) => {
    const items = await rest({ q: word, limit: String(limit) }, null);
    expect(idsOf(items).sort()).toEqual(idsOf(await expected(word)).sort());
  });
});

it('the newest matches are ranked together, however many eras that takes', async () => {
  const all = await expected('some');
  const items = await rest({ q: 'some', limit: String(PAGE) }, null);
  const [newest, older] = [items.slice(0, RANKED), items.slice(RANKED)];
  expect(idsOf(newest).sort()).toEqual(idsOf(all.slice(0, RANKED)).sort());
  for (const batch of [newest, older.slice(0, RANKED)]) {
    const scores = batch.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((one, other) => other - one));
    expect(scores[0]).toBeGreaterThan(scores.at(-1)!);
  }
});

it('looks at some eras where these have enough, and at all there is where they have not', async () => {
  const first = (query: Record<string, string>) => (): Promise<Page> =>
    page({ limit: String(PAGE), ...query }, null);
  expect(await erasAsked(first({ q: 'some' }))).toBe(1);
  expect(await erasAsked(first({ q: 'some', sort: '-createdAt' }))).toBe(1);
  // Few enough to be visited all at once, as far as the window can tell.
  expect(await erasAsked(first({ q: 'few', sort: '-createdAt' }))).toBe(0);
  expect(await erasAsked(first({ q: 'ancient' }))).toBe(0);
  expect(await erasAsked(first({ q: 'some', sort: 'createdAt' }))).toBe(0);
  const { nextCursor } = await first({ q: 'some' })();
  expect(await erasAsked(() => page({ q: 'some', limit: String(PAGE) }, nextCursor))).toBe(1);
});

describe.each<Record<'q' | 'sort', string>>([
  { q: 'some', sort: 'relevance' },
  { q: 'some', sort: '-createdAt' },
])('%j', (query) => {
  it('what is taken from him between two pages does not come, and all else does once', async () => {
    const asked = { ...query, limit: String(PAGE) };
    const { items, nextCursor } = await page(asked, null);
    const all = idsOf(await expected(query.q));
    const seen = new Set(idsOf(items));
    const coming = all.filter((id) => !seen.has(id));
    const taken = coming.filter((_, n) => n % 7 === 0);
    const [hidden, restricted, deleted] = [0, 1, 2].map((part) => taken.filter((_, n) => n % 3 === part));
    const kept = await api.query(`SELECT id, visibility, deleted_at FROM files WHERE id = ANY($1)`, [taken]);
    await api.query(`UPDATE files SET visibility = 'private' WHERE id = ANY($1)`, [hidden]);
    await api.query(`DELETE FROM file_grants WHERE file_id = ANY($1)`, [restricted]);
    await api.query(`UPDATE files SET visibility = 'restricted' WHERE id = ANY($1)`, [restricted]);
    await api.query(`UPDATE files SET deleted_at = now() WHERE id = ANY($1)`, [deleted]);

    const others = idsOf(await rest(asked, nextCursor, false));
    expect(kept).toHaveLength(taken.length);
    expect(others.sort()).toEqual(coming.filter((id) => !taken.includes(id)).sort());
  });
});

it('an owner who is locked out takes all that he published with him', async () => {
  const owner = owners[1]!.userId;
  await api.query('UPDATE users SET disabled_at = now() WHERE id = $1', [owner]);
  const ids = idsOf(await rest({ q: 'some', limit: String(PAGE) }, null));
  const left = await api.query<{ id: string }>(`SELECT id FROM files WHERE owner_id <> $1`, [owner]);
  const mine = new Set(idsOf(left));
  expect(ids.sort()).toEqual(
    idsOf(await expected('some'))
      .filter((id) => mine.has(id))
      .sort(),
  );
  await api.query('UPDATE users SET disabled_at = NULL WHERE id = $1', [owner]);
});
