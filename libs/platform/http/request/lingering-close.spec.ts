import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { lingerAfterAnswer, lingerBriefly } from './lingering-close';

const CHUNK = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(40);
const CHUNKS = 200;
/** The first two chunks are the body; what follows looks like requests. */
const HEAD = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${2 * CHUNK.length}\r\n\r\n`;

let server: Server;
let requests = 0;

/** Refuses every body when its first bytes have come. */
function refuse(request: IncomingMessage, response: ServerResponse): void {
  requests++;
  request.once('data', () => {
    response.setHeader('Connection', 'close');
    lingerAfterAnswer(request);
    response.writeHead(413, { 'Content-Length': 3 }).end('no.');
    response.once('close', () => server.emit('answered'));
  });
}

beforeAll(async () => {
  server = createServer(refuse);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

/** Gives the other side, which lives in this process, its turn. */
const send = (socket: Socket, bytes: string): Promise<void> =>
  new Promise((resolve) => socket.write(bytes, () => setImmediate(resolve)));

/** What a sender is told that goes on sending after it was answered, and looks only then. */
async function answerToBusySender(): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const answered = once(server, 'answered');
  socket.pause();
  await send(socket, HEAD + CHUNK);
  await answered;
  for (let sent = 1; sent < CHUNKS; sent++) await send(socket, CHUNK);
  let answer = '';
  socket.on('data', (bytes) => (answer += bytes.toString())).resume();
  await closed;
  return answer;
}

describe('lingerAfterAnswer', () => {
  it('lets the answer be read, and takes nothing that follows for a request', async () => {
    requests = 0;
    expect(await answerToBusySender()).toMatch(/^HTTP\/1\.1 413 [^]*no\.$/);
    expect(requests).toBe(1);
  });

  it('keeps the connection no longer than it takes', async () => {
    const closed = once(server, 'connection').then(([socket]) => once(socket as Socket, 'close'));
    await answerToBusySender();
    await closed;
  });
});

describe('lingerBriefly', () => {
  const LINGER_MS = 10_000;
  const FORM = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n';

  /** Answers a body before it has come, as the front door does; tells whether the timer was stopped once `then` was over. */
  async function stopped(
    then: (client: Socket, request: IncomingMessage) => Promise<unknown>,
  ): Promise<boolean> {
    const timers = jest.spyOn(globalThis, 'setTimeout');
    const answering = createServer();
    try {
      await new Promise<void>((resolve) => answering.listen(0, '127.0.0.1', resolve));
      const requested = once(answering, 'request') as Promise<[IncomingMessage, ServerResponse]>;
      const client = connect((answering.address() as AddressInfo).port, '127.0.0.1');
      client.on('error', () => undefined).write(`${FORM}some`);
      const [request, response] = await requested;
      request.on('error', () => undefined);
      const answered = once(response, 'close');
      response.writeHead(200, { 'Content-Length': 3 }).end('yes');
      await answered;
      lingerBriefly(request);
      const timer = timers.mock.results[timers.mock.calls.findIndex(([, ms]) => ms === LINGER_MS)]!.value;
      await then(client, request);
      client.destroy();
      return (timer as { _destroyed: boolean })._destroyed;
    } finally {
      timers.mockRestore();
      answering.close();
    }
  }

  it('remembers nobody who has left', async () => {
    const leaving = stopped((client, { socket }) => {
      client.resetAndDestroy();
      return new Promise((resolve) => socket.once('close', resolve)); // With an error before, as resets are.
    });
    expect(await leaving).toBe(true);
  });

  it('is over with the body', async () => {
    const sending = stopped((client, request) => {
      client.write('x'.repeat(996));
      return once(request, 'close');
    });
    expect(await sending).toBe(true);
  });
});
