import { Logger } from '@nestjs/common';
import { Drain } from './drain';
import { Metrics } from './metrics';
import { bearerIs, OperationsServer } from './operations-server';
import { ReadinessChecks } from './readiness';

const TOKEN = 'kX2vQ9mB7tLw4Zr8Nc1Ny6Hb3Gd5Fs0P';

let server: OperationsServer;
let works: boolean;
const drain = new Drain();

async function listen(token: string | null): Promise<void> {
  const readiness = new ReadinessChecks(drain);
  readiness.register('database', async () => {
    if (!works) throw new Error('no');
  });
  server = await OperationsServer.listen({
    metrics: new Metrics(),
    readiness,
    port: 0,
    host: '127.0.0.1',
    token,
  });
}

const ask = async (path: string, init: RequestInit = {}): Promise<{ status: number; text: string }> => {
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
  return { status: answer.status, text: await answer.text() };
};

beforeAll(() => Logger.overrideLogger(false));
beforeEach(() => (works = true));
afterEach(() => server.close());

it('gives metrics to who has the token, and health to everybody', async () => {
  await listen(TOKEN);
  expect((await ask('/metrics')).status).toBe(401);
  expect((await ask('/metrics', { headers: { authorization: `Bearer ${TOKEN}x` } })).status).toBe(401);
  const { status, text } = await ask('/metrics', { headers: { authorization: `Bearer ${TOKEN}` } });
  expect([status, text.includes('process_cpu_seconds_total')]).toEqual([200, true]);
  expect(await ask('/health/live')).toEqual({ status: 200, text: 'live\n' });
  expect(await ask('/health/ready')).toEqual({ status: 200, text: 'ready\n' });
  works = false;
  expect(await ask('/health/ready')).toEqual({ status: 503, text: 'database\n' });
  expect((await ask('/health/live')).status).toBe(200);
});

it('asks for no token where none is set, and knows nothing else', async () => {
  await listen(null);
  expect((await ask('/metrics')).status).toBe(200);
  expect((await ask('/api/files')).status).toBe(404);
  expect((await ask('/metrics', { method: 'POST', body: 'x' })).status).toBe(405);
});

it.each([
  [`Bearer ${TOKEN}`, true],
  [`bearer  ${TOKEN}`, true],
  [undefined, false],
  ['', false],
  [TOKEN, false],
  [`Basic ${TOKEN}`, false],
  [`Bearer ${TOKEN} `, false],
  [`Bearer ${TOKEN.slice(1)}`, false],
  [`Bearer ${TOKEN.toLowerCase()}`, false],
  ['Bearer ', false],
])('takes %j for the token: %s', async (header, expected) => {
  await listen(null);
  expect(bearerIs(header, TOKEN)).toBe(expected);
});
