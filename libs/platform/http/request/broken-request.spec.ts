import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { answerBrokenRequests } from './broken-request';

const GARBAGE = '\x16\x03\x01\x02\r\n\r\n';

let server: Server;

/** Sends the first bytes, then, when something has come back, garbage; answers all that came. */
function exchange(first: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.once('data', () => socket.write(GARBAGE, 'latin1'));
    socket.on('data', (bytes) => (text += bytes.toString('latin1')));
    socket.on('error', () => undefined).on('close', () => resolve(text));
    socket.write(first, 'latin1');
  });
}

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/whole') response.end('whole');
    // The head, and the beginning of a body of which the rest never comes.
    else response.writeHead(200, { 'Content-Length': 1_000 }).write('beginning');
  });
  answerBrokenRequests(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

describe('what is not HTTP', () => {
  it('is answered after an answer that is complete', async () => {
    const text = await exchange('GET /whole HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 200 [^]*whole[^]*HTTP\/1\.1 400 /);
  });

  it('is answered however much of it there is', async () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
    let text = '';
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.pause();
    for (let sent = 0; sent < 200; sent++) {
      await new Promise((resolve) => socket.write(GARBAGE.repeat(100), () => setImmediate(resolve)));
    }
    socket.on('data', (bytes) => (text += bytes.toString('latin1'))).resume();
    await closed;
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('never gets an answer among the bytes of another: that one is broken off', async () => {
    const text = await exchange('GET /half HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nbeginning$/);
  });
});
