import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { largeDocument } from '../fixtures/documents';
import { EventStreamReader } from '../support/event-stream';
import {
  assertInvariants,
  OpenUpload,
  OwnServices,
  TestSystem,
  waitFor,
  type ApiClient,
  type TestUser,
} from '../support/system';
import { OpenPatch, TusClient, uploadIdOf } from '../support/tus';

jest.setTimeout(60_000);

const MiB = 1024 * 1024;
const STATUSES = ['uploading', 'received', 'encrypting', 'completed'];

let services: OwnServices;
let system: TestSystem;
let owner: ApiClient & { user: TestUser };
/** The same person, at the instance that does not receive. */
let elsewhere: ApiClient;

beforeAll(async () => {
  services = await OwnServices.start({ durable: false });
  // Parts are closed late, so that what is seen is not what is durable.
  system = await TestSystem.start({
    apis: 2,
    services,
    env: { UPLOAD_PART_SECONDS: '60', LEASE_SECONDS: '30' },
  });
  owner = await system.client('ops');
  elsewhere = owner.at(system.urls[1]!);
}, 120_000);
afterAll(async () => {
  await system?.stop();
  await services?.stop();
}, 120_000);

const DOCUMENT = Buffer.concat([...largeDocument(6 * MiB)]);
const progress = async (client: ApiClient, id: string): Promise<any> => {
  const answer = await client.get(`/api/upload/progress/${id}`);
  if (answer.status !== 200) throw new Error(`progress: ${answer.status} ${answer.bytes.toString()}`);
  return answer.body;
};

/** Sends a document piece by piece, at the pace of a slow line. */
async function sendSlowly(upload: OpenUpload, pieces: number, msEach: number): Promise<void> {
  const size = Math.ceil(DOCUMENT.length / pieces);
  for (let at = 0; at < DOCUMENT.length; at += size) {
    await upload.send(DOCUMENT.subarray(at, at + size));
    await delay(msEach);
  }
}

/** What is seen by one viewer goes forward, and promises nothing that is not so. */
function assertHonest(views: any[]): void {
  for (const [index, view] of views.entries()) {
    const before = views[index - 1] ?? view;
    expect(view.bytesUploaded).toBeGreaterThanOrEqual(before.bytesUploaded);
    expect(view.bytesUploaded).toBeLessThanOrEqual(view.totalBytes ?? Infinity);
    expect(STATUSES.indexOf(view.status)).toBeGreaterThanOrEqual(STATUSES.indexOf(before.status));
    if (view.status === 'uploading') expect(view.percentComplete).toBeLessThan(100);
    else expect(view.percentComplete).toBe(100);
    if (view.phasePercent === 100) expect(view.status).toBe('completed');
    if (view.speed !== null) expect(view.speed).toBeGreaterThanOrEqual(0);
    if (view.remainingTime !== null) expect(view.speed).toBeGreaterThan(0);
  }
}

describe('progress of a plain multipart', () => {
  it('is seen from another instance while bytes flow, and goes on to the end', async () => {
    const upload = new OpenUpload(owner, DOCUMENT.length);
    const views: any[] = [];
    const sending = sendSlowly(upload, 40, 60).then(() => upload.finish());
    await waitFor('the upload to begin', async () => {
      const { status } = await elsewhere.get(`/api/upload/progress/${upload.uploadId}`);
      return status === 200;
    });
    await waitFor('the end', async () => {
      const view = await progress(elsewhere, upload.uploadId);
      views.push(view);
      return view.status === 'completed';
    });
    expect((await sending).status).toBe(201);
    assertHonest(views);
    const running = views.filter(({ status }) => status === 'uploading');
    // None of it is durable until its end: what moves is what flows.
    expect(new Set(running.map((view) => view.bytesUploaded)).size).toBeGreaterThanOrEqual(4);
    expect(running.at(-1).bytesUploaded).toBeGreaterThan(DOCUMENT.length / 2);
    expect(running.some((view) => view.speed > 0 && view.remainingTime > 0)).toBe(true);
    expect(running.every((view) => view.totalBytes >= DOCUMENT.length)).toBe(true);
    expect(views.at(-1)).toMatchObject({
      bytesUploaded: DOCUMENT.length,
      totalBytes: DOCUMENT.length,
      phasePercent: 100,
    });
    await assertInvariants(system);
  });

  it('falls back to rows while Redis is away, and never fails', async () => {
    const upload = new OpenUpload(owner, DOCUMENT.length);
    await upload.send(DOCUMENT.subarray(0, MiB));
    await waitFor('the first megabyte', async () => {
      const { status, body } = await elsewhere.get(`/api/upload/progress/${upload.uploadId}`);
      return status === 200 && body.bytesUploaded >= MiB - 4096;
    });
    const views: any[] = [await progress(elsewhere, upload.uploadId)];
    const stream = await EventStreamReader.open(elsewhere, `/api/upload/progress/${upload.uploadId}/events`);
    await services.redis.kill9();
    try {
      for (let at = MiB; at < 3 * MiB; at += MiB / 4) {
        await upload.send(DOCUMENT.subarray(at, at + MiB / 4));
        views.push(await progress(elsewhere, upload.uploadId));
        expect((await progress(owner, upload.uploadId)).bytesUploaded).toBeGreaterThanOrEqual(MiB);
      }
    } finally {
      await services.redis.restart();
    }
    await upload.send(DOCUMENT.subarray(3 * MiB));
    expect((await upload.finish()).status).toBe(201);
    expect(await stream.ended).toBe(true);
    assertHonest(views);
    assertHonest(stream.events.map(({ data }) => data));
    expect(stream.events.at(-1)!.data.status).toBe('completed');
    await assertInvariants(system);
  });
});

describe('progress as a stream of events', () => {
  const eventsOf = (id: string): string => `/api/upload/progress/${id}/events`;

  it('tells everything in order, until the end', async () => {
    const upload = new OpenUpload(owner, DOCUMENT.length);
    await upload.send(DOCUMENT.subarray(0, 1000));
    await waitFor('the upload to begin', async () => {
      return (await elsewhere.get(`/api/upload/progress/${upload.uploadId}`)).status === 200;
    });
    const stream = await EventStreamReader.open(elsewhere, eventsOf(upload.uploadId));
    expect(stream.response.status).toBe(200);
    expect(Object.fromEntries(stream.response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    for (let at = 1000; at < DOCUMENT.length; at += MiB) {
      const seen = stream.events.length;
      await upload.send(DOCUMENT.subarray(at, at + MiB));
      await waitFor('another event', async () => stream.events.length > seen);
    }
    expect((await upload.finish()).status).toBe(201);
    expect(await stream.ended).toBe(true);
    const views = stream.events.map(({ data }) => data);
    assertHonest(views);
    expect(stream.events.every(({ event }) => event === 'progress')).toBe(true);
    expect(new Set(stream.events.map(({ id }) => id)).size).toBe(stream.events.length);
    expect(views.at(-1).status).toBe('completed');
    expect(Object.keys(views[0])).toEqual(Object.keys(await progress(owner, upload.uploadId)));

    // Whoever saw the end is told to stay away; whoever did not, sees it.
    const again = await EventStreamReader.open(owner, eventsOf(upload.uploadId), {
      'last-event-id': stream.events.at(-1)!.id,
    });
    expect([again.response.status, await again.ended, again.events]).toEqual([204, true, []]);
    for (const id of [stream.events[0]!.id, 'of another kind']) {
      const late = await EventStreamReader.open(owner, eventsOf(upload.uploadId), { 'last-event-id': id });
      expect(await late.ended).toBe(true);
      expect(late.events.map(({ data }) => data.status)).toEqual(['completed']);
    }
  });

  it('goes on where its viewer was, on another instance', async () => {
    const upload = new OpenUpload(owner, DOCUMENT.length);
    await upload.send(DOCUMENT.subarray(0, MiB));
    await waitFor('the upload to begin', async () => {
      return (await owner.get(`/api/upload/progress/${upload.uploadId}`)).status === 200;
    });
    const first = await EventStreamReader.open(owner, eventsOf(upload.uploadId));
    await waitFor('the first megabyte', async () => first.events.at(-1)?.data.bytesUploaded > MiB - 4096);
    first.close();
    const second = await EventStreamReader.open(elsewhere, eventsOf(upload.uploadId), {
      'last-event-id': first.events.at(-1)!.id,
    });
    await waitFor('an event', async () => second.events.length > 0);
    assertHonest([...first.events, ...second.events].map(({ data }) => data));
    expect((await elsewhere.post(`/api/upload/cancel/${upload.uploadId}`)).status).toBe(200);
    expect(await second.ended).toBe(true);
    const last = second.events.at(-1)!.data;
    expect(last.status).toBe('cancelled');
    expect(last.bytesUploaded).toBeGreaterThanOrEqual(first.events.at(-1)!.data.bytesUploaded);
    await upload.answered;
  });

  it('is nobody else’s', async () => {
    const stranger = await system.client('ops');
    const { uploadId } = await owner.uploadAndWait(DOCUMENT);
    const [foreign, unknown] = await Promise.all(
      [uploadId, randomUUID()].map((id) => stranger.get(eventsOf(id))),
    );
    const comparable = ({ status, body }: any) => ({ status, ...body, requestId: null, instance: null });
    expect(comparable(foreign)).toEqual(comparable(unknown));
    expect(foreign!.status).toBe(404);
    expect((await owner.request('HEAD', eventsOf(uploadId))).status).toBe(200);
  });

  it('is open so often and no more, and costs nothing when it is over', async () => {
    const limited = await system.client('ops');
    const upload = new OpenUpload(limited, 1000);
    await waitFor('the upload to begin', async () => {
      await upload.send(Buffer.alloc(0));
      return (await limited.get(`/api/upload/progress/${upload.uploadId}`)).status === 200;
    });
    const open = (): Promise<EventStreamReader> => EventStreamReader.open(limited, eventsOf(upload.uploadId));
    const streams = await Promise.all(Array.from({ length: 20 }, open));
    expect(streams.map(({ response }) => response.status)).toEqual(streams.map(() => 200));
    const refused = await open();
    expect(refused.response.status).toBe(429);
    expect(Number(refused.response.headers.get('retry-after'))).toBeGreaterThan(0);
    streams.forEach((stream) => stream.close());
    await waitFor('room', async () => {
      const next = await open();
      next.close();
      return next.response.status === 200;
    });
    upload.abort();
  });

  it.each([
    [
      'logs out',
      (who: ApiClient, session: any) => who.post('/api/auth/logout', { refreshToken: session.refreshToken }),
    ],
    [
      'is demoted',
      (who: any) => system.query(`UPDATE users SET role = 'client' WHERE id = $1`, [who.user.id]),
    ],
    [
      'is disabled',
      (who: any) => system.query('UPDATE users SET disabled_at = now() WHERE id = $1', [who.user.id]),
    ],
  ])('ends within seconds when its owner %s', async (_title, lose) => {
    const leaver = await system.client('ops');
    const session = (await leaver.login(leaver.user.email, leaver.user.password)).body;
    const upload = new OpenUpload(leaver, 1000);
    await waitFor('the upload to begin', async () => {
      return (await leaver.get(`/api/upload/progress/${upload.uploadId}`)).status === 200;
    });
    const stream = await EventStreamReader.open(leaver.at(system.urls[1]!), eventsOf(upload.uploadId));
    await waitFor('an event', async () => stream.events.length > 0);
    await lose(leaver, session);
    const began = performance.now();
    expect(await stream.ended).toBe(true);
    expect(performance.now() - began).toBeLessThan(5_000);
    upload.abort();
  });

  it('ends in good order when its process is to stop', async () => {
    const upload = new OpenUpload(owner, DOCUMENT.length);
    await waitFor('the upload to begin', async () => {
      return (await owner.get(`/api/upload/progress/${upload.uploadId}`)).status === 200;
    });
    const stream = await EventStreamReader.open(elsewhere, eventsOf(upload.uploadId));
    await waitFor('an event', async () => stream.events.length > 0);
    const began = performance.now();
    await system.apis[1]!.stop();
    expect(await stream.ended).toBe(true);
    expect(performance.now() - began).toBeLessThan(5_000);
    upload.abort();
    await system.startApi(1);
  });
});

describe('progress of a resumable upload', () => {
  it('goes on through broken requests, and back to nothing but what is durable', async () => {
    const tus = new TusClient(owner);
    const path = new URL(await tus.begin(DOCUMENT.length), owner.baseUrl).pathname;
    const uploadId = uploadIdOf(path);
    const stream = await EventStreamReader.open(elsewhere, `/api/upload/progress/${uploadId}/events`);
    const last = (): any => stream.events.at(-1)?.data;

    const broken = new OpenPatch(owner, path, 0, DOCUMENT.length);
    for (let at = 0; at < 3 * MiB; at += MiB) {
      await broken.send(DOCUMENT.subarray(at, at + MiB));
      await waitFor('more bytes', async () => last()?.bytesUploaded > at + MiB / 2);
    }
    expect(last()).toMatchObject({ status: 'uploading', totalBytes: DOCUMENT.length });
    assertHonest(stream.events.map(({ data }) => data));
    broken.abort();
    const offset = await waitFor('the bytes to be durable', async () => {
      const { body } = await owner.get(`/api/upload/progress/${uploadId}`);
      const [row] = await system.query('SELECT offset_bytes::int AS n FROM uploads WHERE id = $1', [
        uploadId,
      ]);
      return body.bytesUploaded === row.n && last().bytesUploaded === row.n && row.n > 0
        ? (row.n as number)
        : null;
    });

    const seen = stream.events.length;
    const rest = new OpenPatch(elsewhere, path, offset, DOCUMENT.length - offset);
    expect((await rest.finish(DOCUMENT.subarray(offset))).status).toBe(204);
    expect(await stream.ended).toBe(true);
    const resumed = stream.events.slice(seen - 1).map(({ data }) => data);
    assertHonest(resumed);
    expect(resumed.at(-1)).toMatchObject({
      status: 'completed',
      bytesUploaded: DOCUMENT.length,
      phasePercent: 100,
    });
    await assertInvariants(system);
  });
});

describe('the list of uploads', () => {
  it('has what is one’s own, newest first, page by page, by status', async () => {
    const lister = await system.client('ops');
    const document = Buffer.concat([...largeDocument(20_000)]);
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.unshift((await lister.upload(document)).body.uploadId as string);
    await Promise.all(ids.map((id) => lister.waitForStatus(id, 'completed')));
    const open = new OpenUpload(lister, 1000);
    await waitFor('the upload to begin', async () => {
      return (await lister.get(`/api/upload/progress/${open.uploadId}`)).status === 200;
    });
    const seen: string[] = [];
    for (let path: string | null = '/api/upload?limit=2'; path !== null;) {
      const { status, body, headers }: any = await elsewhereOf(lister).get(path);
      expect(status).toBe(200);
      seen.push(...body.items.map(({ uploadId }: any) => uploadId));
      const next: string | undefined = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
      expect(next === undefined).toBe(body.nextCursor === null);
      path = next === undefined ? null : new URL(next).pathname + new URL(next).search;
    }
    expect(seen).toEqual([open.uploadId, ...ids]);
    const list = async (query: string): Promise<any> => (await lister.get(`/api/upload?${query}`)).body;
    expect((await list('status=uploading')).items.map(({ uploadId }: any) => uploadId)).toEqual([
      open.uploadId,
    ]);
    expect((await list('status=completed')).items).toHaveLength(5);
    expect((await list('status=completed')).items[0]).toEqual(await progress(lister, ids[0]!));
    expect((await list('status=cancelled')).items).toEqual([]);
    const { nextCursor } = await list('limit=2');
    for (const query of ['status=finished', 'limit=0', 'cursor=x', `status=failed&cursor=${nextCursor}`]) {
      expect((await lister.get(`/api/upload?${query}`)).status).toBe(400);
    }
    open.abort();
  });

  const elsewhereOf = (client: ApiClient): ApiClient => client.at(system.urls[1]!);

  it('is read off an index, whatever others have', async () => {
    await system.query(
      `INSERT INTO uploads (id, file_id, owner_id, door, file_name, extension, media_type, category, kek_id, status,
                            created_at)
       SELECT gen_random_uuid(), gen_random_uuid(), md5((n % 40)::text)::uuid, 'tus', 'a.docx', 'docx', 'text/plain',
              'document', 'k', 'failed', now() - n * interval '1 minute' FROM generate_series(1, 8000) n`,
    );
    await system.query('ANALYZE uploads');
    for (const status of ['', `AND status = 'failed'`]) {
      const rows = await system.query(
        `EXPLAIN SELECT id FROM uploads WHERE owner_id = md5('7')::uuid ${status}
         ORDER BY created_at DESC, id DESC LIMIT 20`,
      );
      const plan = rows.map((each) => each['QUERY PLAN']).join('\n');
      expect(plan).toMatch(/Index (Only )?Scan Backward using uploads_owner/);
      expect(plan).not.toMatch(/Sort/);
    }
  });
});
