import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ResetWatch } from './reset-watch';

let server: Server;
let client: Socket;
let ours: Socket;

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  [ours] = (await once(server, 'connection')) as [Socket];
  ours.resume();
});

afterEach(() => {
  client.destroy();
  ours.destroy();
  server.close();
});

const LONG = 10_000;

describe('the watch for resets', () => {
  it('hears of one while it waits', async () => {
    const reset = new ResetWatch(ours).within(LONG);
    client.resetAndDestroy();
    expect(await reset).toBe(true);
  });

  it('knows of one that came before it was asked', async () => {
    const watch = new ResetWatch(ours);
    const closed = once(ours, 'close').catch(() => once(ours, 'close'));
    client.resetAndDestroy();
    await closed;
    expect(await watch.within(LONG)).toBe(true);
  });

  it('takes a good-bye for none', async () => {
    const watch = new ResetWatch(ours);
    client.end();
    expect(await watch.within(LONG)).toBe(false);
  });

  it('believes a further request: what was before it has been read', async () => {
    const reset = new ResetWatch(ours).within(LONG);
    client.write('more', () => undefined);
    await once(ours, 'data');
    client.resetAndDestroy();
    expect(await reset).toBe(false);
  });

  it('leaves nothing behind', async () => {
    const before = ours.eventNames().map((name) => ours.listenerCount(name));
    expect(await new ResetWatch(ours).within(1)).toBe(false);
    expect(ours.eventNames().map((name) => ours.listenerCount(name))).toEqual(before);
  });
});
