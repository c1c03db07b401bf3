import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { assertInvariants, OwnServices, TestSystem, waitFor, type ApiClient } from '../support/system';
import { UploadLoad } from '../support/upload-load';
import { VanishingWay } from '../support/vanishing-way';

const MINUTES = Number(process.env.WAYBILL_RESTLESS_MINUTES ?? 4);
const SEED = Number(process.env.WAYBILL_SEED ?? Date.now() % 1_000_000);
/** All must be sealed and swept so long after everything is back. */
const RECOVERY_MS = 90_000;
/** So many blows, then a rest in which all must recover. */
const BLOWS = 4;

let services: OwnServices;
let ways: { postgres: VanishingWay; redis: VanishingWay };
let system: TestSystem;
let owner: ApiClient;

beforeAll(async () => {
  services = await OwnServices.start({ durable: true });
  ways = {
    postgres: await VanishingWay.to(services.postgres.url),
    redis: await VanishingWay.to(services.redis.url),
  };
  system = await TestSystem.start({
    services,
    workers: 2,
    ways: { postgres: ways.postgres.host, redis: ways.redis.host },
    env: { LEASE_SECONDS: '2', DATABASE_STATEMENT_SECONDS: '3' },
  });
  owner = await system.client('ops');
}, 120_000);
afterAll(async () => {
  await system?.stop();
  for (const way of Object.values(ways ?? {})) await way.stop();
  await services?.stop();
}, 60_000);

/** Mulberry32: the same blows for the same seed. */
let state = SEED;
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

/** A process and all below it, as a machine that stands still. */
function family(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const after = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)!;
      parents.set(Number(name), Number(after.split(' ')[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const found = [pid];
  for (const each of found) for (const [child, of] of parents) if (of === each) found.push(child);
  return found;
}

async function standStill(pid: number, milliseconds: number): Promise<void> {
  const stopped = family(pid);
  const signal = (name: NodeJS.Signals): void => {
    for (const each of stopped) {
      try {
        process.kill(each, name);
      } catch {
        // A backend that has ended.
      }
    }
  };
  signal('SIGSTOP');
  await delay(milliseconds);
  signal('SIGCONT');
}

const BLOW: Record<string, () => Promise<unknown>> = {
  'PostgreSQL is stopped': async () => {
    await services.postgres.stop();
    await delay(random() * 4_000);
    await services.postgres.restart();
  },
  'PostgreSQL is killed': async () => {
    await services.postgres.kill9();
    await delay(random() * 4_000);
    await services.postgres.restart();
  },
  'PostgreSQL stands still': () => standStill(services.postgres.pid, random() * 10_000),
  'PostgreSQL vanishes': async () => ways.postgres.vanish(),
  'all connections of PostgreSQL are ended': () =>
    system.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    ),
  'Redis is killed': async () => {
    await services.redis.kill9();
    await delay(random() * 4_000);
    await services.redis.restart();
  },
  'Redis is emptied': async () => {
    const redis = new Redis(services.redis.url);
    await redis.flushall();
    redis.disconnect();
  },
  'Redis stands still': () => standStill(services.redis.pid, random() * 10_000),
  'Redis vanishes': async () => ways.redis.vanish(),
  'a worker stands still': () => standStill(system.workers[Math.floor(random() * 2)]!.pid, random() * 8_000),
};

async function left(ids: string[]): Promise<{ unsealed: number; unswept: number; failed: number }> {
  const [row] = await system.query(
    `SELECT count(*) FILTER (WHERE status <> 'completed')::int AS unsealed,
            count(*) FILTER (WHERE status = 'failed')::int AS failed,
            (SELECT count(*) FROM objects WHERE state <> 'live')::int AS unswept
     FROM uploads WHERE id = ANY($1)`,
    [ids],
  );
  return row;
}

it(
  `J02, J03 ${MINUTES} minutes of blows against PostgreSQL and Redis, seed ${SEED}: after each rest all is sealed and swept`,
  async () => {
    const pids = [...system.apis, ...system.workers].map(({ pid }) => pid);
    const until = Date.now() + MINUTES * 60_000;
    let slowest = 0;
    while (Date.now() < until) {
      const load = new UploadLoad(owner, 3);
      const blows: string[] = [];
      for (let n = 0; n < BLOWS; n++) {
        await delay(random() * 1_500);
        const names = Object.keys(BLOW);
        const name = names[Math.floor(random() * names.length)]!;
        blows.push(name);
        await BLOW[name]!().catch((error: Error) => blows.push(`(${error.message})`));
      }
      const began = Date.now();
      await delay(500);
      await load.stop();
      const ids = load.acknowledged.map(({ uploadId }) => uploadId);
      const last = async (): Promise<string> => {
        const state = JSON.stringify(await left(ids).catch((error: Error) => error.message));
        const logs = [...system.workers, ...system.apis].map((each) => each.output.slice(-3_000));
        return `${blows.join('; ')}\n${state}\n${logs.join('\n----\n')}`;
      };
      await waitFor(
        'all to be sealed and swept',
        async () => {
          const row = await left(ids).catch(() => null);
          return row !== null && row.unsealed + row.unswept === 0;
        },
        { timeoutMs: RECOVERY_MS, everyMs: 200 },
      ).catch(async (error: Error) => {
        throw new Error(`${error.message}\n${await last()}`);
      });
      const seconds = (Date.now() - began) / 1000;
      slowest = Math.max(slowest, seconds);
      process.stderr.write(`${ids.length} uploads, ${seconds.toFixed(1)} s: ${blows.join('; ')}\n`);
      expect([...system.apis, ...system.workers].map(({ pid, alive }) => (alive ? pid : null))).toEqual(pids);
    }
    process.stderr.write(`seed ${SEED}: all was sealed and swept within ${slowest.toFixed(1)} s each time\n`);
    await assertInvariants(system);
  },
  (MINUTES * 60 + 240) * 1_000,
);
