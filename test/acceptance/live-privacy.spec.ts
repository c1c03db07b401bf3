import { randomUUID } from 'node:crypto';
import { largeDocument } from '../fixtures/documents';
import { EventStreamReader } from '../support/event-stream';
import { SocketClient } from '../support/socket-client';
import {
  assertInvariants,
  OpenUpload,
  TestSystem,
  waitFor,
  type ApiClient,
  type TestUser,
} from '../support/system';

jest.setTimeout(60_000);

const DOCUMENT = Buffer.concat([...largeDocument(3 * 1024 * 1024)]);
/** What the acceptance list allows. */
const SOON_MS = 5_000;

let system: TestSystem;
let o1: ApiClient & { user: TestUser };
let o2: ApiClient & { user: TestUser };

beforeAll(async () => {
  system = await TestSystem.start({ apis: 2 });
  [o1, o2] = await Promise.all([system.client('ops'), system.client('ops')]);
}, 120_000);
afterAll(() => system?.stop(), 30_000);

const eventsOf = (id: string): string => `/api/upload/progress/${id}/events`;

describe('A02', () => {
  it('A02 whoever listens hears everything of his own, and nothing of anybody else’s', async () => {
    const own = await SocketClient.connect(system.urls[1]!, o1.token);
    const others = await Promise.all(system.urls.map((url) => SocketClient.connect(url, o2.token)));
    // Guessing names of rooms is no way in: whoever says anything is put out.
    const guesser = await SocketClient.connect(system.url, o2.token);
    const chosen = randomUUID();
    for (const guess of ['join', 'subscribe', 'room', `user:${o1.user.id}`, o1.user.id]) {
      guesser.socket.emit(guess, o1.user.id);
    }
    await waitFor('the guesser to be put out', async () => guesser.closed);

    const streams = await Promise.all(
      system.urls.map((url) => EventStreamReader.open(o2.at(url), eventsOf(chosen))),
    );
    const upload = new OpenUpload(o1, DOCUMENT.length, { 'x-upload-id': chosen });
    await upload.send(DOCUMENT.subarray(0, 1024 * 1024));
    await waitFor('some progress', async () => own.of('upload.progress').length > 0);
    streams.push(await EventStreamReader.open(o2, eventsOf(chosen)));
    await upload.send(DOCUMENT.subarray(1024 * 1024));
    const first = (await upload.finish()).body;
    const second = await o1.uploadAndWait(DOCUMENT, {
      name: 'secret name.docx',
      fields: { title: 'secret title' },
    });
    await o1.uploadAndWait(DOCUMENT);
    const cancelled = new OpenUpload(o1, DOCUMENT.length);
    await cancelled.send(DOCUMENT.subarray(0, 1000));
    await waitFor('the upload to begin', async () => {
      return (await o1.get(`/api/upload/progress/${cancelled.uploadId}`)).status === 200;
    });
    expect((await o1.post(`/api/upload/cancel/${cancelled.uploadId}`)).status).toBe(200);
    const broken = await o1.upload(Buffer.from('no document'), { uploadId: randomUUID() });
    expect(broken.status).toBe(415);

    await waitFor('all of it to be told', async () => {
      return (
        own.of('upload.completed').length === 3 &&
        own.of('upload.cancelled').length === 1 &&
        own.of('upload.failed').length === 1
      );
    });
    for (const [event, data] of [
      ['upload.completed', { uploadId: first.uploadId, fileId: first.fileId, size: DOCUMENT.length }],
      ['upload.completed', { uploadId: second.uploadId, fileName: 'secret name.docx' }],
      ['upload.cancelled', { uploadId: cancelled.uploadId }],
      ['upload.failed', { failureCode: 'CONTENT_MISMATCH' }],
    ] as const) {
      const [row] = await system.query(
        `SELECT id, occurred_at FROM events WHERE type = $1 AND data @> $2::jsonb AND owner_id = $3`,
        [event, JSON.stringify(data), o1.user.id],
      );
      expect(own.of(event)).toContainEqual({
        id: row.id,
        type: event,
        occurredAt: row.occurred_at.toISOString(),
        data: expect.objectContaining(data),
      });
    }
    const shown = own.of('upload.progress').filter(({ uploadId }) => uploadId === chosen);
    expect(shown.map(({ bytesUploaded }) => bytesUploaded)).toEqual(
      shown.map(({ bytesUploaded }) => bytesUploaded).sort((a, b) => a - b),
    );
    expect(shown.at(-1)).toMatchObject({ status: 'completed', percentComplete: 100, phasePercent: 100 });

    expect([...others, guesser].flatMap(({ frames }) => frames)).toEqual([]);
    expect(streams.map(({ response, events }) => [response.status, events])).toEqual(
      streams.map(() => [404, []]),
    );
    [own, ...others].forEach((client) => client.close());
    await assertInvariants(system);
  });

  it.each<[string, (who: ApiClient & { user: TestUser }, session: any) => Promise<unknown>]>([
    ['logs out', (who, { refreshToken }) => who.post('/api/auth/logout', { refreshToken })],
    [
      'changes his password elsewhere',
      async (who) => {
        const { email, password } = who.user;
        const other = system.anonymous();
        await other.login(email, password);
        const change = { currentPassword: password, newPassword: `other ${randomUUID()}` };
        expect((await other.post('/api/auth/password/change', change)).status).toBe(204);
      },
    ],
    [
      'is demoted',
      (who) =>
        admin((client) => client.request('PATCH', `/api/users/${who.user.id}`, json({ role: 'client' }))),
    ],
    [
      'is disabled',
      (who) =>
        admin((client) => client.request('PATCH', `/api/users/${who.user.id}`, json({ disabled: true }))),
    ],
    ['is deleted', (who) => admin((client) => client.delete(`/api/users/${who.user.id}`))],
  ])('A02 the socket of whoever %s is closed within seconds, and told nothing more', async (_title, lose) => {
    const leaver = await system.client('ops');
    const session = (await leaver.login(leaver.user.email, leaver.user.password)).body;
    const socket = await SocketClient.connect(system.urls[1]!, leaver.token);
    const upload = new OpenUpload(leaver, DOCUMENT.length);
    await upload.send(DOCUMENT.subarray(0, 1000));
    await waitFor('some progress', async () => socket.of('upload.progress').length > 0);
    await lose(leaver, session);
    const began = performance.now();
    await waitFor('the socket to be closed', async () => socket.closed);
    expect(performance.now() - began).toBeLessThan(SOON_MS);
    expect(socket.closed).toBe('io server disconnect');
    expect(socket.frames.at(-1)).toEqual({ event: 'session.ended', message: { reason: 'session' } });
    upload.abort();
    expect((await SocketClient.connect(system.url, leaver.token)).refused?.code ?? 'as a client').toBe(
      _title === 'is demoted' ? 'as a client' : 'UNAUTHENTICATED',
    );
  });

  async function admin(act: (client: ApiClient) => Promise<{ status: number }>): Promise<void> {
    const answer = await act(await system.client('admin'));
    expect(answer.status).toBeLessThan(300);
  }

  const json = (body: object): RequestInit => ({
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
});

describe('a socket', () => {
  it('is refused with a reason without an access token, and with any other credential', async () => {
    const { email, password } = o1.user;
    const { refreshToken } = (await system.anonymous().login(email, password)).body;
    const key = (await o1.post('/api/auth/api-keys', { name: 'k', scopes: ['files:read', 'files:write'] }))
      .body.key;
    const link = 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..a.b.c';
    for (const token of [
      undefined,
      null,
      '',
      'x',
      {},
      [o1.token],
      `${o1.token}x`,
      `Bearer ${o1.token}`,
      refreshToken,
      key,
      link,
    ]) {
      const { refused, socket } = await SocketClient.connect(system.url, token);
      expect([token, refused]).toEqual([
        token,
        { message: expect.any(String), code: 'UNAUTHENTICATED', detail: expect.any(String) },
      ]);
      expect(socket.connected).toBe(false);
    }
  });

  it('can be had over long polling, too, and from no page of others', async () => {
    const polling = await SocketClient.connect(system.url, o1.token, { transports: ['polling'] });
    expect(polling.socket.connected).toBe(true);
    polling.close();
    for (const transports of [['websocket'], ['polling']]) {
      const foreign = await SocketClient.connect(system.url, o1.token, {
        transports,
        extraHeaders: { origin: 'https://evil.example' },
      });
      expect(foreign.socket.connected).toBe(false);
    }
    const unknown = await SocketClient.connect(`${system.url}/admin`, o1.token);
    expect(unknown.refused.message).toBe('Invalid namespace');
  });

  it('lives on with another token of its session, and with no other', async () => {
    const { email, password } = o1.user;
    const session = (await system.anonymous().login(email, password)).body;
    const socket = await SocketClient.connect(system.url, session.accessToken);
    const renewed = (
      await system.anonymous().post('/api/auth/refresh', { refreshToken: session.refreshToken })
    ).body;
    expect(await socket.socket.emitWithAck('session.renew', renewed.accessToken)).toEqual({
      ok: true,
      expiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(await socket.socket.emitWithAck('session.renew', o2.token)).toEqual({
      ok: false,
      code: 'UNAUTHENTICATED',
    });
    // Trying again and again is not what a client does.
    for (let n = 0; n < 10; n++) socket.socket.emit('session.renew', renewed.accessToken, () => undefined);
    await waitFor('the socket to be closed', async () => socket.closed);
  });

  it.each<[string, (client: SocketClient) => void]>([
    ['says something', (client) => client.socket.emit('hello')],
    ['says too much', (client) => client.socket.emit('session.renew', 'x'.repeat(100_000), () => undefined)],
    ['speaks no protocol', (client) => void (client.socket.io.engine as any).write('junk')],
    ['sends bytes', (client) => client.socket.emit('session.renew', Buffer.alloc(100))],
  ])('is closed when its client %s', async (_title, speak) => {
    const client = await SocketClient.connect(system.url, o2.token);
    speak(client);
    await waitFor('the socket to be closed', async () => client.closed);
    expect(client.frames).toEqual([]);
  });

  it('is there so often and no more, and comes back when its instance stops', async () => {
    const user = await system.client('client');
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => SocketClient.connect(system.urls[1]!, user.token)),
    );
    expect(clients.every(({ socket }) => socket.connected)).toBe(true);
    expect((await SocketClient.connect(system.urls[1]!, user.token)).refused.code).toBe('RATE_LIMITED');
    clients[0]!.close();
    await waitFor(
      'room',
      async () => (await SocketClient.connect(system.urls[1]!, user.token)).socket.connected,
    );
    const began = performance.now();
    await system.apis[1]!.stop();
    expect(performance.now() - began).toBeLessThan(SOON_MS);
    // A reason for which clients come back by themselves.
    await waitFor('the sockets to be closed', async () =>
      clients.slice(1).every(({ closed }) => closed === 'transport close'),
    );
  });

  it('leaves alone who asks in passing for another protocol', async () => {
    const headers = {
      upgrade: 'h2c',
      connection: 'upgrade, http2-settings',
      'http2-settings': 'AAMAAABkAAQAAP__',
    };
    const { get } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      get(`${system.url}/api/health/live`, { headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(200);
  });
});
