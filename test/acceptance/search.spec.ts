import { ApiApp } from '../support/api-app';
import { createPerson, part, type Person } from '../support/files';
import { insertManyFiles } from '../support/many-files';
import { Database } from '@waybill/platform/database';

jest.setTimeout(60_000);

const FILES = 50_000;
const AT_ONCE = 20;
const ROUNDS = 3;
const LIMIT_MS = 500;
/** On a machine that has other things to do: so many times what a page of the list takes in the same crowd. */
const TIMES_A_LIST = 6;

let api: ApiApp;
let ops: Person;
let client: Person;

beforeAll(async () => {
  api = await ApiApp.start();
  [ops, client] = await Promise.all([createPerson(api, 'ops'), createPerson(api, 'client')]);
  await insertManyFiles(api, [
    {
      owner: ops.userId,
      count: FILES,
      name: `'aaaaaaaaaaaa-' || md5(n::text)`,
      description: `md5(n::text || 'x')`,
    },
    { owner: ops.userId, count: 3, name: `'100%_' || n` },
  ]);
}, 60_000);
afterAll(() => api.stop());

/** Asks from many sides at once, and tells what was answered and how long 95 of 100 took at most. */
async function crowd(who: Person, path: string): Promise<{ statuses: Set<number>; slow: number }> {
  const times: number[] = [];
  const statuses = new Set<number>();
  const ask = async (): Promise<void> => {
    const began = performance.now();
    statuses.add((await who.get(path)).status);
    times.push(performance.now() - began);
  };
  for (let round = 0; round < ROUNDS; round++) await Promise.all(Array.from({ length: AT_ONCE }, ask));
  times.sort((one, other) => one - other);
  return { statuses, slow: times[Math.floor(times.length * 0.95)]! };
}

const HOSTILE: [string, string][] = [
  ['%', '%'],
  ['_', '_'],
  ['%_', '%_'],
  ['%_ x100', '%_'.repeat(100)],
  ['an evil pattern', '(a+)+$'],
  ['many wildcards of regular expressions', '.*'.repeat(50)],
  ['operators of full text', `a & !b | c:* <-> 'd`],
  ['one letter', 'a'],
  ['sixteen letters', 'a b c d e f 0 1 2 3 4 5 6 7 8 9'],
  ['what is in every name', 'aaaaaaaaaaaa'],
  ['what nearly is', `${'a'.repeat(250)}b`],
  ['10 KB', 'a'.repeat(10_240)],
  ['10 KB of words', 'ab '.repeat(3_400)],
];

describe('R05', () => {
  it.each(HOSTILE)(`R05 q=%s, ${AT_ONCE} at once, among ${FILES} files`, async (_, q) => {
    for (const who of [ops, client]) {
      const list = await crowd(who, '/api/files');
      const search = await crowd(who, `/api/files/search?q=${encodeURIComponent(q)}`);
      expect([...search.statuses]).toEqual([q.length > 256 ? 400 : 200]);
      if (q.length > 256) continue; // It never came as far as the database.
      expect(search.slow).toBeLessThan(Math.max(LIMIT_MS, TIMES_A_LIST * list.slow));
    }
  });

  it.each(['%', '_', '%_', '0%_'])('R05 %s means itself', async (text) => {
    for (const parameter of ['q', 'name']) {
      const { body } = await ops.get(`/api/files/search?${parameter}=${encodeURIComponent(text)}&sort=-size`);
      const names = body.items.map(({ name }: { name: string }) => name).sort();
      expect([parameter, ...names]).toEqual([parameter, '100%_1.docx', '100%_2.docx', '100%_3.docx']);
    }
  });

  it('R05 a search that takes too long is ended, and says so', async () => {
    const database = part(api, Database);
    const [texts, statements] = [jest.spyOn(database, 'execute'), jest.spyOn(database, 'query')];
    await ops.get('/api/files/search?q=a');
    const [limiting, values] = texts.mock.calls.find(([{ text }]) => text.includes('statement_timeout'))!;
    expect(Number(values![0])).toBeLessThanOrEqual(5_000);
    const slow = statements.mock.calls.find(([sql]) => sql.includes('matched'))![0];
    for (const spy of [texts, statements]) spy.mockRestore();

    const { query, execute } = Database.prototype;
    const hurried = jest.spyOn(database, 'execute').mockImplementation(function (
      this: Database,
      statement,
      parameters,
      tx,
    ) {
      const given = statement === limiting ? ['20', ...parameters!.slice(1)] : parameters;
      return execute.call(this, statement, given, tx) as Promise<any>;
    });
    const sleeping = jest.spyOn(database, 'query').mockImplementation(function (
      this: Database,
      sql,
      parameters,
      tx,
    ) {
      if (sql === slow) return query.call(this, 'SELECT pg_sleep(10)', [], tx) as Promise<any>;
      return query.call(this, sql, parameters, tx) as Promise<any>;
    });
    const { status, body, headers } = await ops.get('/api/files/search?q=a');
    for (const spy of [hurried, sleeping]) spy.mockRestore();
    expect([status, body.code]).toEqual([503, 'DEPENDENCY_UNAVAILABLE']);
    expect(headers.get('retry-after')).toEqual(expect.any(String));
  });
});
