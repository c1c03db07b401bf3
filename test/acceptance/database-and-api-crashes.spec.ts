import { randomUUID } from 'node:crypto';
import {
  assertInvariants,
  OwnServices,
  TestSystem,
  waitFor,
  withMoments,
  type ApiClient,
  type Moments,
} from '../support/system';
import { documentOf, sha256Of, UploadLoad, type Acknowledged } from '../support/upload-load';

let services: OwnServices;
let system: TestSystem;
let owner: ApiClient;
beforeAll(async () => {
  services = await OwnServices.start({ durable: true });
  system = await TestSystem.start({ services, env: { LEASE_SECONDS: '2' } });
  owner = await system.client('ops');
}, 60_000);
afterAll(async () => {
  await system?.stop();
  await services?.stop();
}, 60_000);

/** Everything that was acknowledged becomes a file, of the very bytes that were sent. */
async function nothingIsLost(acknowledged: Acknowledged[]): Promise<void> {
  for (const { uploadId, fileId, sha256: expected } of acknowledged) {
    await owner.waitForStatus(uploadId, 'completed');
    const { status, bytes } = await owner.get(`/api/files/${fileId}/content`);
    expect([status, sha256Of(bytes)]).toEqual([200, expected]);
  }
  await system.waitUntilSwept();
  await assertInvariants(system);
}

describe('PostgreSQL ends under load', () => {
  it.each([
    ['by a fast shutdown', () => services.postgres.stop()],
    ['by kill -9', () => services.postgres.kill9()],
  ])(
    'J03 %s: 503 that says why, then recovery without a restart, and nothing acknowledged is lost',
    async (_title, end) => {
      const pids = [...system.apis, ...system.workers].map(({ pid }) => pid);
      const load = new UploadLoad(owner);
      await waitFor('the load to run', async () => load.acknowledged.length > 5);
      await end();
      const ready = await waitFor('the API to notice', async () => {
        const answer = await owner.get('/api/health/ready');
        return answer.status === 503 && answer;
      });
      expect(ready.body).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE', errors: [{ pointer: 'database' }] });
      expect((await owner.get('/api/health/live')).status).toBe(200);
      const refused = await owner.get('/api/files');
      expect([refused.status, refused.body.code]).toEqual([503, 'DEPENDENCY_UNAVAILABLE']);
      await waitFor('an upload to be refused', async () => load.statuses.has(503));

      await services.postgres.restart();
      const before = load.acknowledged.length;
      await waitFor('uploads to be taken again', async () => load.acknowledged.length > before + 5);
      await load.stop();
      expect([...load.statuses].sort()).toEqual([201, 503]);
      expect([...system.apis, ...system.workers].map(({ pid }) => pid)).toEqual(pids);
      await nothingIsLost(load.acknowledged);
    },
    120_000,
  );
});

describe('the API is killed', () => {
  /** In the order of an upload. `received`: its bytes are durable and committed, so it must become a file. */
  const DEATHS: [at: string, received: boolean][] = [
    ['before commit begun', false],
    ['after commit begun', false],
    ['after sync staging-directory', false], // between the object's write and its commit
    ['before commit part+received', false],
    ['after commit part+received', true],
    ['before commit validated', true],
    ['after commit validated', true], // between the commit and the job
    ['before answer 201', true],
  ];

  it('J03 at eight points of an upload: committed bytes become a file, all others leave nothing', async () => {
    const sent: { at: string; received: boolean; uploadId: string; bytes: Buffer }[] = [];
    await system.apis[0]!.stop();
    for (const [at, received] of DEATHS) {
      const crash: Moments['crash'] = { at };
      const api = await system.startApi(0, withMoments({ crash }));
      const [uploadId, bytes] = [randomUUID(), documentOf(1_000 + sent.length)];
      await expect(owner.upload(bytes, { uploadId })).rejects.toThrow();
      expect([at, await api.exited]).toEqual([at, { code: null, signal: 'SIGKILL' }]);
      sent.push({ at, received, uploadId, bytes });
    }
    await system.startApi();
    const acknowledged: Acknowledged[] = [];
    for (const { at, received, uploadId, bytes } of sent) {
      const known = await owner.get(`/api/upload/progress/${uploadId}`);
      if (at === 'before commit begun') expect(known.status).toBe(404);
      else if (received) acknowledged.push({ uploadId, fileId: known.body.fileId, sha256: sha256Of(bytes) });
      else
        expect(await owner.waitForStatus(uploadId, 'failed')).toMatchObject({ failureCode: 'INTERRUPTED' });
    }
    await nothingIsLost(acknowledged);
  }, 120_000);
});

describe('the API is killed while it takes a small file that came at once', () => {
  it.each<[at: string, received: boolean]>([
    ['before sync staging', false],
    ['after sync staging-directory', false],
    ['before commit whole', false],
    ['after commit whole', true],
    ['before answer 201', true],
  ])(
    'J03 %s: it became a file or nothing',
    async (at, received) => {
      await system.apis[0]!.stop();
      const api = await system.startApi(0, withMoments({ crash: { at } }));
      const bytes = documentOf(2_000);
      const ids = async (): Promise<{ id: string; fileId: string }[]> =>
        system.query('SELECT id, file_id AS "fileId" FROM uploads');
      const before = new Set((await ids()).map(({ id }) => id));
      await expect(owner.upload(bytes)).rejects.toThrow();
      expect(await api.exited).toEqual({ code: null, signal: 'SIGKILL' });
      await system.startApi();
      const made = (await ids()).filter(({ id }) => !before.has(id));
      expect(made).toHaveLength(received ? 1 : 0);
      // What was stored of it is swept, when the lease is over.
      await nothingIsLost(made.map(({ id, fileId }) => ({ uploadId: id, fileId, sha256: sha256Of(bytes) })));
    },
    120_000,
  );
});

describe('everything is killed', () => {
  const UPLOADS = 50;

  it(`J03 kill -9 of API, worker, Redis and PostgreSQL in turn during ${UPLOADS} uploads: nothing acknowledged is lost`, async () => {
    const load = new UploadLoad(owner);
    const turns = [
      async () => {
        await system.apis[0]!.kill9();
        await system.startApi();
      },
      async () => {
        await system.workers[0]!.kill9();
        system.startWorker();
      },
      async () => {
        await services.redis.kill9();
        await services.redis.restart();
      },
      async () => {
        await services.postgres.kill9();
        await services.postgres.restart();
      },
    ];
    for (let turn = 0; turn < turns.length || load.acknowledged.length < UPLOADS; turn++) {
      const before = load.acknowledged.length;
      await waitFor('the load to run', async () => load.acknowledged.length > before + 6, {
        timeoutMs: 60_000,
      });
      await turns[turn % turns.length]!();
    }
    await load.stop();
    expect([...load.statuses].filter((status) => ![0, 201, 503].includes(status))).toEqual([]);
    await system.workerReady();
    await nothingIsLost(load.acknowledged);
  }, 150_000);
});
