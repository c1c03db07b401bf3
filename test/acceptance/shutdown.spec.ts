import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { largeDocument } from '../fixtures/documents';
import {
  assertInvariants,
  isStopped,
  OpenUpload,
  TestSystem,
  waitFor,
  withMoments,
  type ApiClient,
} from '../support/system';
import { OpenPatch, TusClient, uploadIdOf } from '../support/tus';

const MIB = 1024 * 1024;
const BYTES = 40 * MIB;
const GRACE_MS = 8_000;

let system: TestSystem;
let owner: ApiClient;
let plaintext: Buffer;
let stored: { uploadId: string; fileId: string };
beforeAll(async () => {
  system = await TestSystem.start({
    env: { SHUTDOWN_SECONDS: String(GRACE_MS / 1000), LEASE_SECONDS: '2', UPLOAD_PART_SECONDS: '0.3' },
  });
  owner = await system.client('ops');
  plaintext = Buffer.concat([...largeDocument(BYTES)]);
  stored = await owner.uploadAndWait(plaintext);
}, 90_000);
afterAll(() => system?.stop(), 30_000);

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** A connection on which a question for readiness was begun, and not finished. */
async function halfAsked(): Promise<Socket> {
  const { hostname, port } = new URL(system.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write('GET /api/health/ready HTTP/1.1\r\nHost: waybill\r\n');
  return socket;
}

async function answerTo(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.write('\r\n');
  await once(socket, 'close');
  return text;
}

async function uploadHalf(): Promise<OpenUpload> {
  const upload = new OpenUpload(owner, plaintext.length);
  await upload.send(plaintext.subarray(0, BYTES / 2));
  await waitFor('half of the upload to be durable', async () => {
    const [row] = await system.query('SELECT offset_bytes AS n FROM uploads WHERE id = $1', [
      upload.uploadId,
    ]);
    return Number(row?.n) > BYTES / 2 - 2 * MIB;
  });
  return upload;
}

async function rowOf(path: string): Promise<{ status: string; offset: number }> {
  const [row] = await system.query('SELECT status, offset_bytes::int AS offset FROM uploads WHERE id = $1', [
    uploadIdOf(path),
  ]);
  return row;
}

it('O01 SIGTERM: not ready at once, no new connections, uploads and downloads finish, exit 0', async () => {
  const api = system.apis[0]!;
  const upload = await uploadHalf();
  const download = await fetch(`${system.url}/api/files/${stored.fileId}/content`, {
    headers: { authorization: `Bearer ${owner.token}` },
  });
  const reader = (download.body as ReadableStream<Uint8Array>).getReader();
  const chunks = [(await reader.read()).value!];
  const socket = await halfAsked();

  api.signal('SIGTERM');
  await waitFor('new connections to be refused', async () => {
    const refused = await fetch(`${system.url}/api/health/ready`, { headers: { connection: 'close' } }).then(
      ({ status }) => expect(status).toBe(503),
      () => true,
    );
    return refused === true;
  });
  const answer = await answerTo(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
  expect(answer).toMatch(/^connection: close\r$/im);
  expect(answer).toContain('DEPENDENCY_UNAVAILABLE');

  await upload.send(plaintext.subarray(BYTES / 2));
  const { status, body } = await upload.finish();
  expect(status).toBe(201);
  expect(api.alive).toBe(true); // The download is still to come.
  for (let step = await reader.read(); !step.done; step = await reader.read()) chunks.push(step.value);
  expect(sha256(Buffer.concat(chunks))).toBe(sha256(plaintext));
  expect(await api.exited).toEqual({ code: 0, signal: null });

  await system.startApi();
  await owner.waitForStatus(body.uploadId, 'completed');
  await assertInvariants(system);
}, 60_000);

it('O01 what is not done within the grace is cut off, and cleanly failed; still exit 0', async () => {
  const upload = await uploadHalf();
  const began = Date.now();
  expect(await system.apis[0]!.stop()).toEqual({ code: 0, signal: null });
  expect(Date.now() - began).toBeLessThan(GRACE_MS);
  await expect(upload.answered).rejects.toThrow();
  await system.startApi();
  expect(await owner.waitForStatus(upload.uploadId, 'failed')).toMatchObject({ failureCode: 'INTERRUPTED' });
  await assertInvariants(system);
}, 60_000);

it('O01 a resumable upload: what came until the end of the grace is durable, and the rest follows; exit 0', async () => {
  const tus = new TusClient(owner);
  const path = await tus.begin(plaintext.length);
  const patch = new OpenPatch(owner, path, 0, plaintext.length);
  const half = BYTES / 2;
  await patch.send(plaintext.subarray(0, half));
  await waitFor('some of it to be durable', async () => (await rowOf(path)).offset > 0);
  expect(await system.apis[0]!.stop()).toEqual({ code: 0, signal: null });
  await expect(patch.answered).rejects.toThrow();
  expect(await rowOf(path)).toEqual({ status: 'uploading', offset: half });
  await system.startApi();
  expect(await tus.offset(path)).toBe(half);
  expect((await tus.patch(path, half, plaintext.subarray(half))).status).toBe(204);
  const { fileId } = await owner.waitForStatus(uploadIdOf(path), 'completed');
  const { bytes } = await owner.get(`/api/files/${fileId}/content`);
  expect(sha256(bytes)).toBe(sha256(plaintext));
  await assertInvariants(system);
}, 90_000);

it('O01 a PATCH that comes to its end within the grace is answered; exit 0', async () => {
  const tus = new TusClient(owner);
  const path = await tus.begin(plaintext.length);
  const patch = new OpenPatch(owner, path, 0, plaintext.length);
  await patch.send(plaintext.subarray(0, BYTES / 2));
  await waitFor('some of it to be durable', async () => (await rowOf(path)).offset > 0);
  const api = system.apis[0]!;
  api.signal('SIGTERM');
  expect((await patch.finish(plaintext.subarray(BYTES / 2))).status).toBe(204);
  expect(await api.exited).toEqual({ code: 0, signal: null });
  await system.startApi();
  await owner.waitForStatus(uploadIdOf(path), 'completed');
  await assertInvariants(system);
}, 60_000);

it('O01 a second SIGTERM means now; what it cut off is cleanly failed', async () => {
  const api = system.apis[0]!;
  const upload = await uploadHalf();
  api.signal('SIGTERM');
  await waitFor('the API to drain', async () =>
    fetch(`${system.url}/api/health/live`).then(
      () => false,
      () => true,
    ),
  );
  expect(api.alive).toBe(true);
  const began = Date.now();
  api.signal('SIGTERM');
  expect(await api.exited).toEqual({ code: 1, signal: null });
  expect(Date.now() - began).toBeLessThan(GRACE_MS / 2);
  await expect(upload.answered).rejects.toThrow();
  await system.startApi();
  expect(await owner.waitForStatus(upload.uploadId, 'failed')).toMatchObject({ failureCode: 'INTERRUPTED' });
  await assertInvariants(system);
}, 60_000);

it('O01 a worker that is told to stop in the middle of a sealing leaves it to the next, and exits 0', async () => {
  await system.workers[0]!.stop();
  const { body } = await owner.upload(plaintext);
  const worker = system.startWorker(0, withMoments({ freeze: { at: 'after write vault', nth: 10 } }));
  await waitFor('the worker to be in the middle of it', async () => isStopped(worker.pid));
  worker.signal('SIGTERM');
  worker.signal('SIGCONT');
  expect(await worker.exited).toEqual({ code: 0, signal: null });
  const [row] = await system.query('SELECT status, attempt, failures FROM uploads WHERE id = $1', [
    body.uploadId,
  ]);
  expect(row).toEqual({ status: 'received', attempt: 1, failures: 0 });

  await system.workerReady(system.startWorker());
  await owner.waitForStatus(body.uploadId, 'completed');
  await system.waitUntilSwept();
  expect((await system.storedFiles()).filter((path) => path.includes(body.fileId))).toHaveLength(1);
  await assertInvariants(system);
}, 60_000);
