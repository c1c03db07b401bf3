import { EventEmitter } from 'node:events';
import type { Request, Response } from 'express';
import { EventStream } from './event-stream';

/** A client that takes so much and no more. */
class FakeResponse extends EventEmitter {
  readonly written: string[] = [];
  takes = true;
  closed = false;
  writableEnded = false;

  status(): this {
    return this;
  }
  set(): this {
    return this;
  }
  flushHeaders(): void {}
  write(text: string): boolean {
    this.written.push(text);
    return this.takes;
  }
  end(): void {
    this.writableEnded = true;
  }
  destroy(): void {
    this.closed = true;
    this.emit('close');
  }
}

let response: FakeResponse;
let stream: EventStream;
const send = (n: number): void => stream.send({ event: 'progress', id: String(n), data: { n } });
const sent = (): number[] =>
  response.written.flatMap((text) => /^data: \{"n":(\d+)\}$/m.exec(text)?.[1] ?? []).map(Number);

beforeEach(() => {
  jest.useFakeTimers();
  response = new FakeResponse();
  stream = new EventStream({ method: 'GET' } as Request, response as unknown as Response);
});
afterEach(() => jest.useRealTimers());

describe('EventStream', () => {
  it('writes events as the standard has them, and a heartbeat when there are none', () => {
    send(1);
    jest.advanceTimersByTime(15_000);
    expect(response.written).toEqual([
      'retry: 2000\n\n',
      'event: progress\nid: 1\ndata: {"n":1}\n\n',
      ':\n\n',
    ]);
  });

  it('keeps the newest alone for a client that takes nothing, and ends after it', () => {
    response.takes = false;
    [1, 2, 3].forEach(send);
    stream.end();
    send(4);
    jest.advanceTimersByTime(30_000);
    expect([sent(), response.writableEnded]).toEqual([[1], false]);
    response.takes = true;
    response.emit('drain');
    expect([sent(), response.writableEnded]).toEqual([[1, 3], true]);
  });

  it('is over for a client that never takes anything any more', () => {
    let closed = 0;
    stream.onClose(() => closed++);
    response.takes = false;
    send(1);
    jest.advanceTimersByTime(60_000);
    expect(closed).toBe(1);
  });
});
