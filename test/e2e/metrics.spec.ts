import { randomBytes, randomUUID } from 'node:crypto';
import { genuine } from '../fixtures/documents';
import { ApiClient, freePort, TestSystem, waitFor } from '../support/system';

const TOKEN = 'kX2vQ9mB7tLw4Zr8Nc1Ny6Hb3Gd5Fs0P';
const BEARER = { authorization: `Bearer ${TOKEN}` };

jest.setTimeout(60_000);

let system: TestSystem;
let ops: ApiClient;
let anonymous: ApiClient;
let workerUrl: string;

beforeAll(async () => {
  const port = await freePort();
  system = await TestSystem.start({ env: { METRICS_TOKEN: TOKEN }, apis: 0, workers: 0 });
  // The API keeps its own port alone, so that the two pairs of ports need not both be free.
  await system.startApi(0);
  await system.workerReady(system.startWorker(0, { METRICS_PORT: String(port - 1) }));
  workerUrl = `http://127.0.0.1:${port}`;
  ops = await system.client('ops');
  anonymous = system.anonymous();
});
afterAll(() => system.stop());

/** The figures of the API, or of the worker, by series. */
async function figures(of: 'api' | 'worker'): Promise<Map<string, number>> {
  const client = of === 'api' ? anonymous : new ApiClient(workerUrl);
  const { status, bytes } = await client.get(of === 'api' ? '/api/metrics' : '/metrics', BEARER);
  expect(status).toBe(200);
  const lines = bytes.toString('utf8').split('\n');
  const series = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    series.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

describe('who may read metrics', () => {
  it.each<[string, Record<string, string>]>([
    ['nobody', {}],
    ['a wrong token', { authorization: 'Bearer kX2vQ9mB7tLw4Zr8Nc1Ny6Hb3Gd5Fs0Q' }],
    ['the token as a password', { authorization: `Basic ${Buffer.from(`x:${TOKEN}`).toString('base64')}` }],
  ])('not %s', async (_who, headers) => {
    const { status, body } = await anonymous.get('/api/metrics', headers);
    expect([status, body.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect((await new ApiClient(workerUrl).get('/metrics', headers)).status).toBe(401);
  });

  it('not the holder of an account, an admin’s neither', async () => {
    const admin = await system.client('admin');
    expect((await admin.get('/api/metrics')).status).toBe(401);
  });
});

it('tells of requests, uploads, sealing, downloads, queues and the process', async () => {
  const { fileId } = await ops.uploadAndWait(genuine('report.docx'));
  expect((await ops.get(`/api/files/${fileId}/content`)).status).toBe(200);
  expect((await ops.get(`/api/files/${randomUUID()}`)).status).toBe(404);
  expect((await ops.upload(randomBytes(100), { name: 'x.docx' })).status).toBe(415);
  await waitFor('the refusal to be an event of the feed', async () =>
    (await figures('worker')).get('waybill_upload_failures_total{code="CONTENT_MISMATCH"}'),
  );

  const api = await figures('api');
  const count = 'waybill_http_request_duration_seconds_count';
  expect(api.get(`${count}{method="POST",route="/api/upload",status="2xx"}`)).toBe(1);
  expect(api.get(`${count}{method="POST",route="/api/upload",status="4xx"}`)).toBe(1);
  expect(api.get(`${count}{method="GET",route="/api/files/:id/content",status="2xx"}`)).toBe(1);
  expect(api.get('waybill_http_problems_total{route="/api/files/:id",code="NOT_FOUND"}')).toBe(1);
  const received = api.get(
    'waybill_http_received_bytes_total{method="POST",route="/api/upload",status="2xx"}',
  );
  expect(received).toBeGreaterThan(genuine('report.docx').length);
  expect(api.get('waybill_downloads_total{outcome="complete"}')).toBe(1);
  expect(api.get('waybill_downloads_total{outcome="broken"}')).toBe(0);
  for (const dependency of ['database', 'redis', 'storage', 'keyring']) {
    expect([dependency, api.get(`waybill_dependency_up{dependency="${dependency}"}`)]).toEqual([
      dependency,
      1,
    ]);
  }
  expect(api.get('waybill_database_connections{state="total"}')).toBeGreaterThan(0);
  expect(api.get('waybill_mails_pending')).toBeGreaterThanOrEqual(0);

  const worker = await figures('worker');
  expect(worker.get('waybill_events_total{type="upload.completed"}')).toBe(1);
  expect(worker.get('waybill_sealing_duration_seconds_count')).toBe(1);
  expect(worker.get('waybill_sealing_bytes_total')).toBe(genuine('report.docx').length);
  expect(worker.get('waybill_job_duration_seconds_count{job="upload.seal",outcome="done"}')).toBe(1);
  expect(worker.get('waybill_uploads{status="received"}')).toBe(0);
  expect(worker.get('waybill_dependency_up{dependency="redis"}')).toBe(1);
  expect(worker.get('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
});

it('has no id, address or name in any label', async () => {
  const { fileId, uploadId } = await ops.uploadAndWait(genuine('report.docx'), {
    name: 'hostile "name".docx',
  });
  await ops.get(`/api/${'x'.repeat(40)}`);
  const all = [...(await figures('api')).keys(), ...(await figures('worker')).keys()].join('\n');
  for (const secret of [fileId, uploadId, 'hostile', 'x'.repeat(40), '@example.org', TOKEN]) {
    expect(all).not.toContain(secret);
  }
  expect(all).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
});

it('follows a request into the worker’s log, one line each, without secrets', async () => {
  const requestId = `trace-${randomUUID()}`;
  const { uploadId } = await ops.uploadAndWait(genuine('report.docx'), {
    name: 'a\u2028{"level":60}.docx',
    headers: { 'x-request-id': requestId },
  });
  const lines = (text: string) => text.split('\n').filter((line) => line !== '');
  const sealed = await waitFor('the line of the sealing', async () =>
    lines(system.workers[0]!.output).find((line) => line.includes(uploadId) && line.includes('sealed')),
  );
  expect(JSON.parse(sealed)).toMatchObject({ requestId, uploadId, level: 30 });
  for (const { output } of system.processes) {
    for (const line of lines(output)) expect(() => JSON.parse(line)).not.toThrow();
    for (const secret of [TOKEN, ops.token!, system.env.JWT_SECRET!, system.env.LINK_SECRET!]) {
      expect(output).not.toContain(secret);
    }
  }
});
