import { EventEmitter } from 'node:events';
import type { TokenHolder, TokenHolders } from '@waybill/features/auth';
import type { Socket } from 'socket.io';
import { SocketSession } from './socket-session';

const MINUTES = 60_000;

class FakeSocket extends EventEmitter {
  connected = true;
  readonly sent: unknown[] = [];

  use(): void {}

  override emit(event: string, ...args: unknown[]): boolean {
    this.sent.push([event, ...args]);
    return true;
  }

  disconnect(): void {
    this.connected = false;
  }

  /** As if the client had sent it. */
  async receives(event: string, ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve) => super.emit(event, ...args, resolve));
  }
}

const holder = (sessionId: string, minutes: number): TokenHolder =>
  ({ principal: { sessionId }, expiresAt: new Date(Date.now() + minutes * MINUTES) }) as TokenHolder;

let socket: FakeSocket;
let session: SocketSession;

beforeEach(() => {
  jest.useFakeTimers();
  socket = new FakeSocket();
  const holders = { find: async (token: string) => (token === 'good' ? holder('mine', 15) : null) };
  session = new SocketSession(socket as unknown as Socket, holders as TokenHolders, holder('mine', 15));
});
afterEach(() => jest.useRealTimers());

describe('SocketSession', () => {
  it('ends with its token', () => {
    jest.advanceTimersByTime(15 * MINUTES - 1);
    expect(socket.connected).toBe(true);
    jest.advanceTimersByTime(1);
    expect(socket.connected).toBe(false);
    expect(socket.sent).toEqual([['session.ended', { reason: 'token' }]]);
  });

  it('can be ended before', () => {
    session.end('session');
    expect(socket.sent).toEqual([['session.ended', { reason: 'session' }]]);
    expect(socket.connected).toBe(false);
  });

  it('lives on with the next one, and not with a bad one', async () => {
    jest.advanceTimersByTime(10 * MINUTES);
    expect(await socket.receives('session.renew', 'good')).toMatchObject({ ok: true });
    expect(await socket.receives('session.renew', 'bad')).toEqual({ ok: false, code: 'UNAUTHENTICATED' });
    jest.advanceTimersByTime(14 * MINUTES);
    expect(socket.connected).toBe(true);
    jest.advanceTimersByTime(MINUTES);
    expect(socket.connected).toBe(false);
  });
});
