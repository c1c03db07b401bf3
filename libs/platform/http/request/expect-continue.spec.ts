import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { continueWhenRead } from './expect-continue';

let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeAll(async () => {
  server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
  continueWhenRead(server);
  await once(server, 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n';

/** A connection that has sent the head, and all that ever comes back. */
async function begin(): Promise<{ socket: Socket; received: () => string; closed: Promise<unknown> }> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString('latin1')));
  await once(socket, 'connect');
  socket.write(HEAD);
  return { socket, received: () => received, closed: once(socket, 'close') };
}

describe('a body that waits to be asked for', () => {
  it('is not asked for when the answer does not need it, and nothing follows on its connection', async () => {
    answer = (_request, response) => response.writeHead(413).end('no');
    const { received, closed } = await begin();
    await closed;
    expect(received()).toMatch(/^HTTP\/1\.1 413 /);
    expect(received()).toMatch(/\r\nConnection: close\r\n/);
  });

  it('is asked for when it is read, once, and another request may follow', async () => {
    let bodies = 0;
    answer = (request, response) =>
      void text(request).then((body) => response.end(`${body} is number ${(bodies += 1)}`));
    const { socket, received, closed } = await begin();
    for (const number of [1, 2]) {
      while (received().split('HTTP/1.1 100 Continue').length <= number) await once(socket, 'data');
      socket.write('hello');
      while (!received().includes(`hello is number ${number}`)) await once(socket, 'data');
      if (number === 1) socket.write(HEAD);
    }
    expect(received()).not.toContain('Connection: close');
    socket.end();
    await closed;
    expect(received().match(/100 Continue/g)).toHaveLength(2);
  });

  it('may come without having been asked for', async () => {
    answer = (request, response) =>
      setImmediate(() => void text(request).then((body) => response.end(`got ${body}`)));
    const { socket, received } = await begin();
    socket.write('hello');
    while (!received().includes('got hello')) await once(socket, 'data');
    socket.destroy();
  });

  it('is not waited for when only the head was of use', async () => {
    answer = (request, response) => {
      response.end('early');
      request.resume();
    };
    const { received, closed } = await begin();
    await closed;
    expect(received()).not.toContain('100 Continue');
  });
});
