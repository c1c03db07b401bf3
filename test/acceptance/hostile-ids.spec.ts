import { randomUUID } from 'node:crypto';
import { largeDocument } from '../fixtures/documents';
import { RawConnection, requestHead, type RawAnswer } from '../support/raw';
import { assertInvariants, TestSystem, type ApiClient } from '../support/system';
import { ACCESS } from './access-table';

jest.setTimeout(60_000);

const ID = '0190f0a0-0000-7000-8000-0000000000ab';

const HOSTILE: [title: string, id: string][] = [
  ['a letter', 'x'],
  ['a UUID and a character', `${ID}0`],
  ['a UUID without its last', ID.slice(0, -1)],
  ['a UUID without dashes', ID.replaceAll('-', '')],
  ['a UUID in braces', `%7B${ID}%7D`],
  ['a UUID as URN', `urn:uuid:${ID}`],
  ['a UUID and a blank', `${ID}%20`],
  ['a UUID and a line end', `${ID}%0A`],
  ['a UUID and NUL', `${ID}%00`],
  ['two UUIDs', `${ID},${ID}`],
  ['braces', '{}'],
  ['encoded braces', '%7B%7D'],
  ['brackets', '[]'],
  ['a number', '1'],
  ['zero', '0'],
  ['a negative number', '-1'],
  ['a number beyond all bounds', '1e309'],
  ['more than PostgreSQL’s integers', '9223372036854775808'],
  ['NaN', 'NaN'],
  ['null', 'null'],
  ['undefined', 'undefined'],
  ['NUL', '%00'],
  ['an encoded NUL', '%2500'],
  ['no UTF-8', '%ff'],
  ['half a surrogate pair', '%ED%A0%80'],
  ['a bad escape', '%zz'],
  ['a way up', '..'],
  ['an encoded way up', '%2e%2e'],
  ['a slash on the way up', '..%2f'],
  ['a way up and down', `..%2f..%2fapi%2fhealth%2flive`],
  ['a backslash', '..%5c'],
  ['CR LF and a header', '%0d%0aX-Evil:%201'],
  ['SQL', "'%20OR%201=1--"],
  ['LIKE', '%25'],
  ['a name of JavaScript', '__proto__'],
  ['another name of JavaScript', 'constructor'],
  ['an operator', '$ne'],
  ['emoji', encodeURIComponent('📦')],
  ['right to left', encodeURIComponent('\u202eab')],
  ['a dot', '%2e'],
  ['a blank', '%20'],
  ['ten thousand characters', 'a'.repeat(10_000)],
  ['ten thousand digits', '9'.repeat(10_000)],
  ['ten thousand escapes', '%41'.repeat(10_000)],
  ['a hundred thousand characters', 'a'.repeat(100_000)],
];

interface Route {
  method: string;
  /** With `{name}` where an id goes. */
  path: string;
}

let system: TestSystem;
let callers: [who: string, caller: ApiClient][];
let routes: Route[];

beforeAll(async () => {
  system = await TestSystem.start();
  const ops = await system.client('ops');
  await ops.uploadAndWait(Buffer.concat([...largeDocument(8 * 1024)]));
  callers = [
    ['ops', ops],
    ['client', await system.client('client')],
    ['nobody', system.anonymous()],
  ];
  const { body } = await ops.get('/api/docs-json');
  routes = Object.entries<Record<string, unknown>>(body.paths)
    .filter(([path]) => path.includes('{'))
    .flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => ({ method: method.toUpperCase(), path })),
    );
  routes.push({ method: 'GET', path: '/api/problems/{slug}' });
}, 60_000);
afterAll(() => system?.stop(), 30_000);

async function ask(caller: ApiClient, { method, path }: Route, id: string): Promise<RawAnswer> {
  const headers: [string, string][] = [
    ['Host', 'waybill.test'],
    ['Connection', 'close'],
  ];
  if (caller.token !== null) headers.push(['Authorization', `Bearer ${caller.token}`]);
  if (method === 'POST') headers.push(['Content-Length', '0']);
  const connection = await RawConnection.open(system.url);
  await connection.send(requestHead(`${method} ${path.replace(/\{\w+\}/, id)}`, headers));
  const answer = await connection.answer({ head: method === 'HEAD' });
  connection.reset();
  return answer!;
}

/** The page behind a link of a mail looks the same for every token, so that looking at it tells nothing. */
const tellsNothing = ({ method, path }: Route): boolean =>
  method === 'GET' &&
  /^\/api\/(auth\/(confirm|password\/reset|invitations)|mails\/unsubscribe)\/\{token\}$/.test(path);

describe('an id that is', () => {
  it.each(HOSTILE)('R03 %s names nothing, at every route', async (_title, id) => {
    expect(routes.length).toBeGreaterThanOrEqual(11);
    for (const route of routes) {
      const methods = route.method === 'GET' ? ['GET', 'HEAD'] : [route.method];
      for (const method of methods) {
        for (const [who, caller] of callers) {
          const answer = await ask(caller, { ...route, method }, id);
          const what = `${method} ${route.path} by ${who}: ${answer.status}`;
          const refusals = [400, 401, 403, 404, 405, 431, ...(tellsNothing(route) ? [200] : [])];
          expect([what, refusals.includes(answer.status)]).toEqual([what, true]);
          const open = ACCESS[`${route.method} ${route.path}`]?.audience !== 'admin';
          if (who === 'ops' && open)
            expect([what, [401, 403].includes(answer.status)]).toEqual([what, false]);
          expect(answer.all('X-Evil')).toEqual([]);
        }
      }
    }
  });

  it('R03 a UUID of nothing is answered alike in capitals', async () => {
    const [, ops] = callers[0]!;
    const id = randomUUID();
    for (const route of routes) {
      const [small, large] = [await ask(ops, route, id), await ask(ops, route, id.toUpperCase())];
      expect([route, large.status]).toEqual([route, small.status]);
    }
  });

  it('R03 anything has harmed nothing', async () => {
    expect(await system.query('SELECT 1 FROM files')).toHaveLength(1);
    expect(system.apis[0]!.output).not.toMatch(/"level":(50|60)/);
    await assertInvariants(system);
  });
});
