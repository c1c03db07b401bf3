import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import type { Drain } from '@waybill/platform/observability';

const SWEEP_MS = 50;

/**
 * Ends a serving process in good order: not ready any more, no new connections, running requests may finish; then
 * what is left is cut off, and connections to the database and the like are closed.
 */
export class GracefulStop {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private stopped?: Promise<void>;

  /** @param limitMs for all of it; a quarter, at most two seconds, is kept for closing what is behind the requests. */
  constructor(
    private readonly app: INestApplication,
    private readonly drain: Drain,
    private readonly limitMs: number,
  ) {
    this.server = app.getHttpServer() as Server;
    // Upgraded connections are not among those that the server closes.
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** Resolves when everything is closed. Asking again changes nothing. */
  stop(): Promise<void> {
    return (this.stopped ??= this.run());
  }

  private async run(): Promise<void> {
    this.drain.begin();
    await this.closeConnections();
    await this.app.close();
  }

  private async closeConnections(): Promise<void> {
    const reserve = Math.min(2000, this.limitMs / 4);
    // Connections that were busy fall idle one by one, and idle ones would be kept open for the next request.
    const sweep = setInterval(() => this.server.closeIdleConnections(), SWEEP_MS);
    const late = setTimeout(() => {
      for (const socket of this.sockets) socket.destroy();
    }, this.limitMs - reserve);
    try {
      await new Promise<void>((resolve) => this.server.close(() => resolve()));
    } finally {
      clearInterval(sweep);
      clearTimeout(late);
    }
  }
}
