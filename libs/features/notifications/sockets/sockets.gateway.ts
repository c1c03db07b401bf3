import { Logger } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayConnection, type OnGatewayInit } from '@nestjs/websockets';
import { AppError, isAppError, type ErrorCode, type UserPrincipal } from '@waybill/core/kernel';
import { TokenHolders, type TokenHolder } from '@waybill/features/auth';
import { LiveConnections, PrincipalWatch, RateLimiter } from '@waybill/platform/http';
import { Drain } from '@waybill/platform/observability';
import { SocketLine } from '@waybill/platform/realtime';
import type { Server, Socket } from 'socket.io';
import { FeedTail } from './feed-tail';
import { LiveUploads } from './live-uploads';
import { socketMessage } from './socket-events';
import { SocketSession } from './socket-session';

/** Connecting is work for the database; who does it more often is not a client that lost its network. */
const CONNECTIONS = { name: 'sockets', points: 60, seconds: 60 };

/**
 * Tells people over sockets what happens to what is theirs. Whose a socket is, is said by its access token alone; there
 * are no rooms that could be joined and nothing that could be asked for. What a process tells its sockets it reads itself,
 * from rows and from the feed: so it does not matter on which instance things happen, nor whether Redis is there.
 */
@WebSocketGateway({ path: '/api/notifications' })
export class SocketsGateway implements OnGatewayInit<Server>, OnGatewayConnection<Socket> {
  private readonly log = new Logger(SocketsGateway.name);

  constructor(
    private readonly holders: TokenHolders,
    private readonly principals: PrincipalWatch,
    private readonly connections: LiveConnections,
    private readonly limiter: RateLimiter,
    private readonly tail: FeedTail,
    private readonly uploads: LiveUploads,
    private readonly drain: Drain,
  ) {}

  afterInit(server: Server): void {
    server.use((socket, next) => void this.receive(socket, next));
    // Not `disconnect()`: clients come back by themselves, to another instance, when a connection broke.
    this.drain.signal.addEventListener('abort', () => {
      for (const socket of server.sockets.sockets.values()) socket.conn.close();
    });
  }

  handleConnection(socket: Socket): void {
    const { holder } = socket.data as { holder: TokenHolder };
    const { principal } = holder;
    const session = new SocketSession(socket, this.holders, holder);
    const line = new SocketLine(socket);
    const hide = this.uploads.watch(principal.userId, (progress) => line.show('upload.progress', progress));
    // Another role sees other things: whoever has got one comes again.
    const mayStay = (now: UserPrincipal): boolean => now.role === principal.role;
    const leave = this.principals.watch(principal, mayStay, () => session.end('session'));
    socket.once('disconnect', () => {
      hide();
      leave();
    });
  }

  private async receive(socket: Socket, next: (refusal?: Error) => void): Promise<void> {
    let refusal: Error | undefined;
    try {
      await this.admit(socket);
    } catch (error) {
      refusal = this.refusal(error);
    }
    next(refusal);
  }

  /** @throws AppError when nobody is there, or he has enough sockets. */
  private async admit(socket: Socket): Promise<void> {
    if (this.drain.active) throw new AppError('DEPENDENCY_UNAVAILABLE', 'This instance is about to stop.');
    const holder = await this.holders.find(socket.handshake.auth.token);
    if (!holder) throw new AppError('UNAUTHENTICATED', 'Connect with `auth: { token }`, an access token.');
    const { userId } = holder.principal;
    await this.limiter.consume(CONNECTIONS, userId);
    whenClosed(socket, this.connections.take('socket', userId));
    const line = new SocketLine(socket);
    const leave = await this.tail.follow(userId, (event) => {
      const message = socketMessage(event);
      if (message) line.tell(message.type, message);
    });
    whenClosed(socket, leave);
    Object.assign(socket.data, { holder });
  }

  private refusal(error: unknown): Error {
    const known = isAppError(error) ? error : null;
    if (!known) this.log.error('A socket was not admitted', (error as Error).stack);
    const code: ErrorCode = known?.code ?? 'DEPENDENCY_UNAVAILABLE';
    const detail = known?.message ?? 'Try again in a moment.';
    return Object.assign(new Error(detail), { data: { code, detail } });
  }
}

/** Whatever becomes of the socket: the connection beneath it ends in any case, and may have ended already. */
function whenClosed({ conn }: Socket, act: () => void): void {
  if (conn.readyState === 'open') conn.once('close', act);
  else act();
}
