import { Injectable } from '@nestjs/common';
import { AppError, type UserPrincipal } from '@waybill/core/kernel';
import { AdminSessions } from '@waybill/features/auth';
import { AppConfig } from '@waybill/platform/config';
import { fromOwnPage, pathUnder, PrincipalSource } from '@waybill/platform/http';
import { setRequestUser } from '@waybill/platform/observability';
import type { Request } from 'express';
import { tokenOf, type CookieScope } from './board-cookie';

/** The board's address below the origin, before what a proxy puts in front. */
export const BOARD = '/api/admin/queues';

/** Who may come to the board: an admin, by a bearer token (programs) or by the cookie of the sign-in page (browsers). */
@Injectable()
export class QueueBoardGate {
  readonly cookie: CookieScope;

  constructor(
    private readonly config: AppConfig,
    private readonly principals: PrincipalSource,
    private readonly sessions: AdminSessions,
  ) {
    const { publicUrl } = config.http;
    this.cookie = { path: pathUnder(publicUrl, BOARD), secure: publicUrl.startsWith('https:') };
  }

  /** @throws AppError `UNAUTHENTICATED`; `FORBIDDEN` for others than admins, and for what another's page has sent. */
  async admit(request: Request): Promise<UserPrincipal> {
    const principal = await (request.headers.authorization === undefined
      ? this.byCookie(request)
      : this.principals.byRequest(request));
    if (principal === null) {
      throw new AppError('UNAUTHENTICATED', 'A valid credential is needed.', {
        headers: { 'WWW-Authenticate': 'Bearer realm="waybill"' },
      });
    }
    setRequestUser(principal.userId);
    if (principal.apiKey !== undefined) throw new AppError('FORBIDDEN', 'API keys may not do this; log in.');
    if (principal.role !== 'admin') throw new AppError('FORBIDDEN', 'Your role may not do this.');
    return principal;
  }

  /** @throws AppError `FORBIDDEN` unless a page of ours has sent the request. */
  assertOwnPage(request: Request): void {
    if (fromOwnPage(request, this.config.http.publicUrl)) return;
    throw new AppError('FORBIDDEN', 'This is for the pages of this server alone.');
  }

  private async byCookie(request: Request): Promise<UserPrincipal | null> {
    const token = tokenOf(request, this.cookie);
    if (token === null) return null;
    // Whatever a browser sends along by itself proves nothing of who wanted it.
    if (request.method !== 'GET' && request.method !== 'HEAD') this.assertOwnPage(request);
    return this.sessions.find(token);
  }
}
