import type { TokenHolder, TokenHolders } from '@waybill/features/auth';
import type { Socket } from 'socket.io';

/** The one message that a client may send: an access token that takes the place of the one that is about to expire. */
export const RENEW = 'session.renew';
/** The last message to a client whose session, or token, is over. */
export const ENDED = 'session.ended';

/** How often a client may try before it has a token that lasts longer; one try is what it needs. */
const MAX_TRIES = 10;

type Answer = (answer: { ok: true; expiresAt: string } | { ok: false; code: string }) => void;

/**
 * The session that a socket lives by: it ends with its token, unless the client sends another of the same session, and
 * with anything that it was not asked for.
 */
export class SocketSession {
  private expiry!: NodeJS.Timeout;
  private expiresAt = 0;
  private tries = 0;

  constructor(
    private readonly socket: Socket,
    private readonly holders: TokenHolders,
    private readonly holder: TokenHolder,
  ) {
    this.endAt(holder.expiresAt);
    socket.use(([event], next) => (event === RENEW ? next() : void socket.disconnect(true)));
    socket.on(RENEW, (token: unknown, answer: unknown) => void this.renew(token, answer));
    socket.once('disconnect', () => clearTimeout(this.expiry));
  }

  /** Says why, and closes the connection; the client is not to come back by itself. */
  end(reason: 'session' | 'token'): void {
    this.socket.emit(ENDED, { reason });
    this.socket.disconnect(true);
  }

  private async renew(token: unknown, answer: unknown): Promise<void> {
    if (typeof answer !== 'function' || ++this.tries > MAX_TRIES) return void this.socket.disconnect(true);
    const reply = answer as Answer;
    try {
      const holder = await this.holders.find(token);
      if (holder?.principal.sessionId !== this.holder.principal.sessionId) {
        return reply({ ok: false, code: 'UNAUTHENTICATED' });
      }
      if (this.socket.connected) this.endAt(holder.expiresAt);
      reply({ ok: true, expiresAt: holder.expiresAt.toISOString() });
    } catch {
      reply({ ok: false, code: 'DEPENDENCY_UNAVAILABLE' });
    }
  }

  private endAt(time: Date): void {
    if (time.getTime() > this.expiresAt) this.tries = 0;
    this.expiresAt = time.getTime();
    clearTimeout(this.expiry);
    this.expiry = setTimeout(() => this.end('token'), this.expiresAt - Date.now()).unref();
  }
}
