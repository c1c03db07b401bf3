import { ApiApp } from '../support/api-app';
import { createPerson, type Person } from '../support/files';
import { insertManyFiles } from '../support/many-files';
import type { Answer } from '../support/system/api-client';

jest.setTimeout(120_000);

/** More than are read at a time of each source, and more than are ranked at a time. */
const FILES = 4_500;
/** So many of the newest matches are ranked together, ahead of what is older. */
const RANKED = 500;
/** Of every two files, of every sixty, of every five hundred, and of the oldest alone. */
const TEXT = `concat_ws(' ', 'file', CASE WHEN n % 2 = 0 THEN 'frequent' END, CASE WHEN n % 60 = 0 THEN 'fair' END,
  CASE WHEN n % 500 = 0 THEN 'rare' END, CASE WHEN n <= 300 THEN 'ancient' END, CASE WHEN n % 4 = 0 THEN 'frequent frequent' END)`;

let api: ApiApp;
let ops: Person;
let client: Person;

beforeAll(async () => {
  api = await ApiApp.start();
  [ops, client] = await Promise.all([createPerson(api, 'ops'), createPerson(api, 'client')]);
  const files = { owner: ops.userId, count: FILES, description: TEXT };
  await insertManyFiles(api, [
    { ...files, visibility: `CASE n % 10 WHEN 0 THEN 'private' ELSE 'clients' END` },
    { ...files, count: FILES / 2, visibility: `'restricted'`, recipient: client.email },
    { ...files, owner: (await createPerson(api, 'ops')).userId, count: 500 },
  ]);
});
afterAll(() => api.stop());

interface Item {
  id: string;
  name: string;
  size: number;
  createdAt: string;
  score: number;
}

/** All pages of a search, one after the other. */
async function all(who: Person, query: Record<string, string>, limit = 100): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const parameters: URLSearchParams = new URLSearchParams({
      ...query,
      limit: String(limit),
      ...(cursor === null ? {} : { cursor }),
    });
    const { status, body }: Answer = await who.get(`/api/files/search?${parameters.toString()}`);
    expect(status).toBe(200);
    // Only the last page has less than was asked for.
    if (body.nextCursor !== null) expect(body.items).toHaveLength(limit);
    items.push(...body.items);
    cursor = body.nextCursor;
  } while (cursor !== null);
  return items;
}

/** The ids of what matches and the client or the owner may have, found without any of the product's ways. */
async function expected(who: Person, condition: string): Promise<string[]> {
  const mine =
    who === ops
      ? `owner_id = '${ops.userId}'`
      : `(visibility = 'clients' OR id IN (SELECT file_id FROM file_grants WHERE email = '${client.email}'))`;
  const rows = await api.query<{ id: string }>(
    `SELECT id FROM files WHERE ${mine} AND ${condition} ORDER BY id`,
  );
  return rows.map(({ id }) => id);
}

const ids = (items: Item[]): string[] => items.map(({ id }) => id).sort();

describe.each(['ops', 'client'] as const)('for %s', (role) => {
  const who = (): Person => (role === 'ops' ? ops : client);

  it.each(['frequent', 'fair', 'rare', 'ancient'])(
    'pages by relevance have each file with “%s” once',
    async (word) => {
      const items = await all(who(), { q: word });
      expect(ids(items)).toEqual(await expected(who(), `description LIKE '%${word}%'`));
    },
  );

  it.each<[string, (one: Item, other: Item) => number]>([
    ['-createdAt', (one, other) => Date.parse(other.createdAt) - Date.parse(one.createdAt)],
    ['createdAt', (one, other) => Date.parse(one.createdAt) - Date.parse(other.createdAt)],
    ['name', (one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0)],
    ['-size', (one, other) => other.size - one.size],
  ])('pages sorted by %s are one list', async (sort, compare) => {
    for (const word of [...(sort === '-createdAt' ? ['frequent'] : ['fair']), 'rare', 'ancient']) {
      const items = await all(who(), { q: word, sort });
      expect(ids(items)).toEqual(await expected(who(), `description LIKE '%${word}%'`));
      for (let n = 1; n < items.length; n++) expect(compare(items[n - 1]!, items[n]!)).toBeLessThanOrEqual(0);
    }
  });

  it('the best of the newest come first', async () => {
    const items = await all(who(), { q: 'frequent' });
    const [newest, older] = [items.slice(0, RANKED), items.slice(RANKED)];
    const scores = newest.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((one, other) => other - one));
    expect(scores.at(0)).toBeGreaterThan(scores.at(-1)!);
    const times = (some: Item[]): number[] => some.map(({ createdAt }) => Date.parse(createdAt));
    expect(Math.min(...times(newest))).toBeGreaterThanOrEqual(Math.max(...times(older)));
  });

  it('filters narrow what is found', async () => {
    const query = {
      q: 'ancient',
      uploadedFrom: '2026-01-01T01:00:00Z',
      uploadedTo: '2026-01-01T02:00:00+00:00',
    };
    const range = `description LIKE '%ancient%' AND created_at BETWEEN '2026-01-01T01:00:00Z' AND '2026-01-01T02:00:00Z'`;
    expect(ids(await all(who(), query))).toEqual(await expected(who(), range));
    const sizes = { minSize: '500000', maxSize: '510000', sort: 'size' };
    expect(ids(await all(who(), sizes))).toEqual(await expected(who(), 'size BETWEEN 500000 AND 510000'));
    const name = { name: 'e-123', sort: 'name' };
    expect(ids(await all(who(), name))).toEqual(await expected(who(), `name LIKE '%e-123%'`));
  });

  it('a file that comes in between moves no other', async () => {
    const { body } = await who().get('/api/files/search?q=frequent&limit=100');
    await insertManyFiles(api, [{ owner: ops.userId, count: 1, description: `'frequent'`, name: `'new'` }]);
    await api.query(`UPDATE files SET created_at = now() WHERE name = 'new.docx'`);
    const rest = await who().get(
      `/api/files/search?q=frequent&limit=100&cursor=${encodeURIComponent(body.nextCursor)}`,
    );
    const seen = [...body.items, ...rest.body.items].map(({ id }: Item) => id);
    expect(new Set(seen).size).toBe(200);
    await api.query(`DELETE FROM files WHERE name = 'new.docx'`);
  });
});
