import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { SystemClock, uuidv7 } from '@waybill/core/kernel';
import { Signals } from '@waybill/platform/cache';
import { RunningTransfers } from '../running-transfers';
import { UploadPolicies } from '../upload-policies';
import { UploadWorld } from '../testing/upload-world';
import { FormDoors } from './form-doors';
import { Interrupted, MultipartReception } from './multipart-reception';

let world: UploadWorld;
let server: Server;
let doors: FormDoors;
/** Takes the next request as soon as it is there. */
let onRequest: (request: IncomingMessage) => void;

beforeAll(async () => {
  world = await UploadWorld.create({ UPLOAD_DOCUMENT_TYPES: 'txt', UPLOAD_IDLE_SECONDS: '2' });
  const policies = new UploadPolicies(world.config);
  doors = new FormDoors(
    world.uploads,
    world.endings,
    world.whole,
    world.validation,
    new RunningTransfers(new Signals(null)),
    policies,
    world.config,
    new SystemClock(),
  );
  server = createServer((request) => onRequest(request)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await world.end();
});

const HEAD = [
  'POST / HTTP/1.1',
  'Host: waybill.test',
  'Content-Type: multipart/form-data; boundary=b',
  'Content-Length: 1000000',
  '\r\n',
].join('\r\n');
const FILE = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n';

/** A connection that has sent the head of its request, and the request as the server sees it. */
async function begin(): Promise<{ socket: Socket; request: IncomingMessage }> {
  const arrived = new Promise<IncomingMessage>((resolve) => (onRequest = resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  socket.write(HEAD);
  return { socket, request: await arrived };
}

describe('MultipartReception', () => {
  it('hears of a client that left before anybody listened', async () => {
    const { socket, request } = await begin();
    const closed = new Promise((resolve) => request.once('close', resolve));
    socket.destroy();
    await closed;
    const patient = {
      ...doors.open('document', { principal: world.principal, uploadId: uuidv7() }),
      idleMs: 3_600_000,
    };
    const reception = new MultipartReception(request, patient);
    await expect(reception.receive()).rejects.toBeInstanceOf(Interrupted);
  });

  it('has enough of a client that trickles, and lets go of what it held', async () => {
    const { socket, request } = await begin();
    const uploadId = uuidv7();
    const outcome = new MultipartReception(
      request,
      doors.open('document', { principal: world.principal, uploadId }),
    ).receive();
    socket.write(FILE);
    const trickle = setInterval(() => socket.write('x'), 100);
    await expect(outcome).rejects.toBeInstanceOf(Interrupted);
    clearInterval(trickle);
    socket.destroy();
    expect(await world.repository.find(uploadId)).toMatchObject({
      status: 'failed',
      failureCode: 'INTERRUPTED',
    });
  }, 15_000);
});
