import { largeDocument } from '../fixtures/documents';
import { filePart, form, RawConnection, uploadHead } from '../support/raw';
import { ApiClient, assertInvariants, TestSystem, waitFor } from '../support/system';

jest.setTimeout(60_000);

const KIB = 1024;
const CONNECTIONS = 200;
/** So many seconds of silence, or of next to nothing, are too many; thirty by default. */
const IDLE_SECONDS = 2;

let system: TestSystem;
let ops: ApiClient;

beforeAll(async () => {
  system = await TestSystem.start({
    env: { UPLOAD_IDLE_SECONDS: String(IDLE_SECONDS), UPLOADS_PER_USER: String(CONNECTIONS + 10) },
  });
  ops = await system.client('ops');
}, 60_000);
afterAll(() => system?.stop(), 30_000);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends a form at a pace; answers whether the server was the one that ended it. */
async function send(path: string, parts: Buffer[], bytesPerTick: number, tickMs: number) {
  const body = form(...parts);
  const connection = await RawConnection.open(system.url);
  await connection.send(uploadHead({ path, length: body.length, token: ops.token }));
  let closed = false;
  void connection.closed.then(() => (closed = true));
  for (let at = 0; at < body.length && !closed; at += bytesPerTick) {
    await connection.send(body.subarray(at, at + bytesPerTick));
    await Promise.race([pause(tickMs), connection.closed]);
  }
  return { connection, closed };
}

it(`U12 ${CONNECTIONS} connections that send a byte now and then are cut, and others hardly notice`, async () => {
  const document = Buffer.concat([...largeDocument(10 * KIB)]);
  let cut = 0;
  const attack = Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, index) => {
      const path = index % 2 ? '/api/upload' : '/api/upload/media';
      const { closed } = await send(path, [filePart(document)], 1, (IDLE_SECONDS * 1000) / 4);
      if (closed) cut += 1;
    }),
  );
  const times: number[] = [];
  let over = false;
  void attack.then(() => (over = true));
  while (!over) {
    const begun = performance.now();
    expect((await ops.get('/api/files')).status).toBe(200);
    times.push(performance.now() - begun);
    await pause(20);
  }
  await attack;
  expect(cut).toBe(CONNECTIONS);
  const p95 = times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.95)]!;
  expect(p95).toBeLessThan(1000);
  await waitFor('all of them to be over', async () => {
    const rows = await system.query(`SELECT 1 FROM uploads WHERE status = 'uploading'`);
    return rows.length === 0;
  });
});

it('U12 an honest upload at 50 KB a second outlasts the patience with silence many times', async () => {
  const document = Buffer.concat([...largeDocument(400 * KIB)]);
  const { connection } = await send('/api/upload', [filePart(document)], 5_000, 100);
  const answer = (await connection.answer())!;
  expect(answer.status).toBe(201);
  connection.end();
  const { uploadId, fileId } = answer.json();
  await ops.waitForStatus(uploadId, 'completed');
  expect((await ops.get(`/api/files/${fileId}/content`)).bytes.equals(document)).toBe(true);
  await system.waitUntilSwept();
  await assertInvariants(system);
});
