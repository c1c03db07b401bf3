import type { Socket } from 'socket.io';

/** Messages that may wait for a client before those that can be spared are spared, and before it counts as gone. */
const SPARING_AT = 64;
const GONE_AT = 1_024;

/** The way to one client, who may take less than there is to tell him: what waits for him is bounded. */
export class SocketLine {
  constructor(private readonly socket: Socket) {}

  /** For what the next message says again: not sent while others wait. */
  show(event: string, message: object): void {
    if (this.socket.connected && this.waiting < SPARING_AT) this.socket.emit(event, message);
  }

  /** For what is said once. A client that does not take it is cut off: it then knows that it has missed something. */
  tell(event: string, message: object): void {
    if (!this.socket.connected) return;
    if (this.waiting < GONE_AT) this.socket.emit(event, message);
    else this.socket.conn.close();
  }

  private get waiting(): number {
    return (this.socket.conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length;
  }
}
