import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { deriveKey } from '@waybill/core/crypto';
import { sign } from '@waybill/features/auth/testing/forgeries';
import { RawSocket, type Handshake } from '../support/raw-socket';
import { SocketClient } from '../support/socket-client';
import { TestSystem, waitFor, type ApiClient, type TestUser } from '../support/system';

jest.setTimeout(60_000);

const MIB = 1024 * 1024;
/** Of engine.io and socket.io: open, then connect to the one namespace, then an event with attachments to come. */
const CONNECT = (token: string): string => `40${JSON.stringify({ token })}`;
const IDLE_POLLS = 1_000;
/** How long somebody may be connected without having said who he is, and some time to notice. */
const UNKNOWN_MS = 15_000;

let system: TestSystem;
let ops: ApiClient & { user: TestUser };
let pid: number;
let baseline: { rss: number; descriptors: number };

beforeAll(async () => {
  system = await TestSystem.start({ workers: 0 });
  ops = await system.client('ops');
  ({ pid } = system.apis[0]!);
  // What is loaded and grown with the first socket is no attacker's doing.
  const first = await SocketClient.connect(system.url, ops.token);
  first.close();
  await quiet();
  baseline = { rss: rss(), descriptors: descriptors() };
});
afterAll(() => system?.stop());
afterEach(async () => {
  expect(system.apis[0]!.alive).toBe(true);
  expect((await ops.get('/api/auth/me')).status).toBe(200);
});

const rss = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
const descriptors = (): number => {
  const { files, connections, halfClosed } = system.apis[0]!.descriptors();
  return files.length + connections + halfClosed;
};
/** The API holds no connection but those to its services, and that of the last request. */
const quiet = (limit = descriptors()): Promise<unknown> =>
  waitFor('descriptors to be back', async () => descriptors() <= limit + 3, { timeoutMs: UNKNOWN_MS });
const ended = (socket: RawSocket): Promise<unknown> =>
  waitFor('the connection to be closed', async () => socket.closed, { timeoutMs: UNKNOWN_MS });

/** A socket that has said who it is. */
async function admitted(token = ops.token!): Promise<RawSocket> {
  const socket = await RawSocket.open(system.url);
  await waitFor('the handshake', async () => socket.text.includes('"sid"'));
  socket.say(CONNECT(token));
  await waitFor('the namespace', async () => /40\{"sid"/.test(socket.text));
  return socket;
}

/** An access token as it is shortly before its end. */
function aging(token: string, secondsLeft: number): string {
  const [header, claims] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  const exp = Math.floor(Date.now() / 1000) + secondsLeft;
  const key = createSecretKey(deriveKey(system.env.JWT_SECRET!, 'access-token'));
  return sign(key, JSON.parse(header!), { ...JSON.parse(claims!), exp, iat: exp - 900 });
}

describe('W05', () => {
  it.each<[string, () => unknown]>([
    ['no token', () => undefined],
    ['an empty one', () => ''],
    ['one that has expired', () => aging(ops.token!, -1)],
    ['a forged one', () => `${ops.token!.slice(0, -5)}AAAAA`],
    ['something that is none', () => ({ toString: 'x', length: 1e9 })],
  ])('W05 with %s a socket is refused', async (_title, token) => {
    const { socket, refused } = await SocketClient.connect(system.url, token());
    expect([socket.connected, refused.code]).toEqual([false, 'UNAUTHENTICATED']);
  });

  it.each(['token', 'auth', 'access_token'])('W05 a token in the query (%s) is none', async (name) => {
    const client = await SocketClient.connect(system.url, undefined, { query: { [name]: ops.token! } });
    expect([client.socket.connected, client.refused.code]).toEqual([false, 'UNAUTHENTICATED']);
  });

  it.each(['https://evil.example', 'null', 'http://127.0.0.1.evil.io', 'file://'])(
    'W05 a page of %s gets no socket, by either transport',
    async (origin) => {
      const socket = await RawSocket.open(system.url, { headers: { Origin: origin } });
      await waitFor('an answer', async () => socket.status);
      expect(socket.status).toBe(400); // What its library says to handshakes that are not allowed.
      await ended(socket);
      const polled = await fetch(`${system.url}/api/notifications/?EIO=4&transport=polling`, {
        headers: { origin },
      });
      expect(polled.status).toBe(403);
    },
  );

  it('W05 a socket ends with its token, and with its session', async () => {
    const aged = await SocketClient.connect(system.url, aging(ops.token!, 2));
    const leaver = await system.client('client');
    const { body } = await leaver.login(leaver.user.email, leaver.user.password);
    const revoked = await SocketClient.connect(system.url, body.accessToken);
    expect([aged.socket.connected, revoked.socket.connected]).toEqual([true, true]);
    await leaver.post('/api/auth/logout', { refreshToken: body.refreshToken });
    await waitFor('both to be closed', async () => aged.closed && revoked.closed);
    expect(aged.frames.at(-1)).toEqual({ event: 'session.ended', message: { reason: 'token' } });
    expect(revoked.frames.at(-1)).toEqual({ event: 'session.ended', message: { reason: 'session' } });
    for (const token of [aging(ops.token!, 0), body.accessToken]) {
      expect((await SocketClient.connect(system.url, token)).socket.connected).toBe(false);
    }
  });

  it('W05 ten thousand attachments are not waited for, nor kept, whoever promises them', async () => {
    const stranger = await RawSocket.open(system.url);
    await waitFor('the handshake', async () => stranger.text.includes('"sid"'));
    stranger.say('510000-["session.renew"]');
    await ended(stranger);
    for (const packet of [
      '510000-["session.renew",{"_placeholder":true,"num":0}]',
      '51-["session.renew",{"_placeholder":true,"num":9999}]',
      '5999999999999-["x"]',
      '4210000[]',
      `42${'['.repeat(4_000)}`,
    ]) {
      const socket = await admitted();
      socket.say(packet);
      for (let n = 0; n < 10_000 && !socket.closed; n++) socket.say(Buffer.alloc(8), 0x2);
      await ended(socket);
    }
    expect(rss() - baseline.rss).toBeLessThan(64 * MIB);
  });

  it.each<[string, Handshake]>([
    ['no key', { headers: { 'Sec-WebSocket-Key': null } }],
    ['a key that is none', { headers: { 'Sec-WebSocket-Key': 'x' } }],
    ['another version', { headers: { 'Sec-WebSocket-Version': '999' } }],
    ['no version', { headers: { 'Sec-WebSocket-Version': null } }],
    ['a broken extension', { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; =;;' } }],
    ['an unknown transport', { path: '/api/notifications/?EIO=4&transport=__proto__' }],
    ['another protocol of old', { path: '/api/notifications/?EIO=3&transport=websocket' }],
    ['a session of nobody', { path: '/api/notifications/?EIO=4&transport=websocket&sid=constructor' }],
    ['no query', { path: '/api/notifications/' }],
    ['a body', { headers: { 'Content-Length': '5' } }],
    ['a broken address', { path: '/api/notifications/%?EIO=4&transport=websocket' }],
    ['a long head', { headers: { 'X-Long': 'x'.repeat(100_000) } }],
  ])('W05 a handshake with %s is refused, and its connection closed', async (_title, handshake) => {
    const socket = await RawSocket.open(system.url, handshake);
    socket.write('\0garbage\r\n\r\n');
    await ended(socket);
    expect(socket.text).not.toMatch(/40\{"sid"/);
    if (socket.status !== undefined && socket.status !== 101) {
      expect(socket.status).toBeGreaterThanOrEqual(400);
      expect(socket.status).toBeLessThan(500);
    }
  });

  it.each<[string, (socket: RawSocket) => void]>([
    ['is larger than any message', (socket) => socket.say('4'.repeat(100_000))],
    ['promises a tebibyte', (socket) => socket.promise(1n << 40n)],
    ['promises more than there is', (socket) => socket.promise((1n << 63n) - 1n)],
    ['is of no kind', (socket) => socket.say('x', 0x7)],
    ['is not masked', (socket) => socket.write(Buffer.from([0x81, 0x01, 0x34]))],
    ['is no text', (socket) => socket.say(Buffer.from([0xff, 0xfe]))],
    ['is text of no protocol', (socket) => socket.say('9nonsense')],
    [
      'is a piece of one that never ends',
      (socket) => socket.write(Buffer.from([0x01, 0x80, 0, 0, 0, 0, 0x00])),
    ],
  ])('W05 a frame that %s ends its socket', async (_title, speak) => {
    for (const socket of [await RawSocket.open(system.url), await admitted()]) {
      await waitFor('the handshake', async () => socket.text.includes('"sid"'));
      speak(socket);
      // Who was admitted may begin a message and take his time: pings see whether he is there.
      if (_title.startsWith('is a piece')) socket.drop();
      await ended(socket);
    }
  });

  it(`W05 ${IDLE_POLLS} idle polls cost nobody anything, and are gone soon`, async () => {
    const answers: number[] = [];
    let worst = 0;
    const polls = Array.from({ length: IDLE_POLLS }, async () => {
      const path = '/api/notifications/?EIO=4&transport=polling';
      const { status, text } = await get(path);
      const sid = /"sid":"([^"]+)"/.exec(text)?.[1];
      if (sid !== undefined) answers.push((await get(`${path}&sid=${sid}`)).status);
      else answers.push(status);
    });
    const asked = (async () => {
      for (let n = 0; n < 20; n++) {
        const began = performance.now();
        expect((await ops.get('/api/auth/me')).status).toBe(200);
        worst = Math.max(worst, performance.now() - began);
      }
    })();
    await Promise.all([...polls, asked]);
    expect(answers).toHaveLength(IDLE_POLLS);
    expect(worst).toBeLessThan(10_000);
    await quiet(baseline.descriptors);
    expect(rss() - baseline.rss).toBeLessThan(128 * MIB);
  });
});

/** One request on a connection of its own; a connection that is closed counts as 0. */
function get(path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const asked = request(system.url + path, { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('close', () => resolve({ status: response.statusCode!, text }));
    });
    asked.on('error', () => resolve({ status: 0, text: '' }));
    asked.end();
  });
}
