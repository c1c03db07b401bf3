import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { lingerAfterAnswer } from './lingering-close';

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
