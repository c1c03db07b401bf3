import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { waitFor } from './system/wait-for';

export interface Frame {
  event: string;
  message: any;
}

/** Somebody's socket, and everything that came over it. */
export class SocketClient {
  readonly frames: Frame[] = [];
  /** Why the connection ended; null while it has not. */
  closed: string | null = null;
  /** What the server said when it refused. */
  refused: any = null;

  private constructor(readonly socket: Socket) {
    socket.onAny((event: string, message: unknown) => this.frames.push({ event, message }));
    socket.on('disconnect', (reason) => (this.closed = reason));
    socket.on(
      'connect_error',
      (error) => (this.refused = { message: error.message, ...(error as any).data }),
    );
  }

  /** Tries to connect; resolves when the server has said yes or no. */
  static async connect(
    url: string,
    token: unknown,
    options: Partial<ManagerOptions & SocketOptions> = {},
  ): Promise<SocketClient> {
    const client = new SocketClient(
      io(url, {
        path: '/api/notifications',
        auth: { token },
        transports: ['websocket'],
        reconnection: false,
        forceNew: true,
        ...options,
      }),
    );
    await waitFor('an answer', async () => client.socket.connected || client.refused !== null);
    return client;
  }

  of(event: string): any[] {
    return this.frames.filter((frame) => frame.event === event).map(({ message }) => message);
  }

  close(): void {
    this.socket.disconnect();
  }
}
