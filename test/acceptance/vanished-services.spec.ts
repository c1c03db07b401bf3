import { assertInvariants, OwnServices, TestSystem, waitFor, type ApiClient } from '../support/system';
import { UploadLoad } from '../support/upload-load';
import { VanishingWay } from '../support/vanishing-way';

/** How long what is lost without a word may be waited for, and some more. */
const RECOVERY = { timeoutMs: 60_000, everyMs: 100 };

let services: OwnServices;
let ways: { postgres: VanishingWay; redis: VanishingWay };
let system: TestSystem;
let owner: ApiClient;

beforeAll(async () => {
  services = await OwnServices.start({ durable: false });
  ways = {
    postgres: await VanishingWay.to(services.postgres.url),
    redis: await VanishingWay.to(services.redis.url),
  };
  system = await TestSystem.start({
    services,
    ways: { postgres: ways.postgres.host, redis: ways.redis.host },
    env: { LEASE_SECONDS: '2', DATABASE_STATEMENT_SECONDS: '3' },
  });
  owner = await system.client('ops');
}, 60_000);
afterAll(async () => {
  await system?.stop();
  for (const way of Object.values(ways ?? {})) await way.stop();
  await services?.stop();
}, 60_000);

/** Everything that was acknowledged is sealed, and its staging gone. */
async function allSealedAndSwept(ids: string[]): Promise<void> {
  await waitFor(
    'all uploads to be sealed, and what they leave to be swept',
    async () => {
      const [row] = await system.query(
        `SELECT (SELECT count(*) FROM uploads WHERE id = ANY($1) AND status <> 'completed')::int
              + (SELECT count(*) FROM objects WHERE state <> 'live')::int AS left`,
        [ids],
      );
      return row.left === 0;
    },
    RECOVERY,
  );
}

it.each(['postgres', 'redis'] as const)(
  'J02, J03 %s vanishes without a word, and its successor is there at once: all goes on without a restart',
  async (service) => {
    const pids = [...system.apis, ...system.workers].map(({ pid }) => pid);
    const load = new UploadLoad(owner);
    await waitFor('the load to run', async () => load.acknowledged.length > 10);
    const before = load.acknowledged.length;
    ways[service].vanish();
    expect(ways[service].forsaken).toBeGreaterThan(0);
    await waitFor('uploads to be taken again', async () => load.acknowledged.length > before + 10, RECOVERY);
    await load.stop();
    await allSealedAndSwept(load.acknowledged.map(({ uploadId }) => uploadId));
    expect([...load.statuses].filter((status) => ![201, 503].includes(status))).toEqual([]);
    await waitFor('the API to be ready', async () => (await owner.get('/api/health/ready')).status === 200);
    expect([...system.apis, ...system.workers].map(({ pid }) => pid)).toEqual(pids);
    await assertInvariants(system);
  },
  200_000,
);
