import type { Request, Response } from 'express';

const HEARTBEAT_MS = 15_000;
/** How soon a client comes back whose stream broke. */
const RETRY_MS = 2_000;
/** Whoever takes nothing for so long is not there any more. */
const STUCK_MS = 60_000;

export interface ServerEvent {
  event: string;
  id: string;
  data: unknown;
}

/**
 * A stream of server-sent events (HTML standard, 9.2). It holds one event at most that the client has not taken: of
 * states, and this is for states, the newest is the one that counts. Proxies are asked not to hold it back.
 */
export class EventStream {
  private waiting: string | null = null;
  private blocked: NodeJS.Timeout | null = null;
  private ending = false;
  private readonly heartbeat: NodeJS.Timeout;

  /** Answers with the head of the stream. */
  constructor(
    request: Request,
    private readonly response: Response,
  ) {
    response.status(200).set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
    this.heartbeat = setInterval(() => this.write(':\n\n'), HEARTBEAT_MS).unref();
    this.onClose(() => {
      clearInterval(this.heartbeat);
      if (this.blocked) clearTimeout(this.blocked);
    });
    response.on('drain', () => this.goOn());
    if (request.method === 'HEAD') this.end();
    else this.write(`retry: ${RETRY_MS}\n\n`);
  }

  /** Calls `closed` once, when the stream is over, whoever ended it. */
  onClose(closed: () => void): void {
    if (this.response.closed) closed();
    else this.response.once('close', closed);
  }

  send({ event, id, data }: ServerEvent): void {
    if (this.ending) return;
    const text = `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
    if (this.blocked) this.waiting = text;
    else this.write(text);
  }

  /** Ends the stream, after what waits was sent. */
  end(): void {
    this.ending = true;
    if (!this.blocked) this.response.end();
  }

  private write(text: string): void {
    if (this.blocked || this.response.writableEnded) return;
    if (this.response.write(text)) return;
    this.blocked = setTimeout(() => this.response.destroy(), STUCK_MS).unref();
  }

  private goOn(): void {
    if (this.blocked) clearTimeout(this.blocked);
    this.blocked = null;
    const text = this.waiting;
    this.waiting = null;
    if (text !== null) this.write(text);
    if (this.ending) this.end();
  }
}
