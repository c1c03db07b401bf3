import { All, Body, Controller, Get, HttpCode, Ip, Post, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExcludeEndpoint,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiResponse,
  ApiSecurity,
  ApiTags,
} from '@nestjs/swagger';
import { isAppError } from '@waybill/core/kernel';
import { ADMIN_SESSION_SECONDS, AdminSessions, LoginDto, perAddress } from '@waybill/features/auth';
import { AuditLog, entryOf } from '@waybill/platform/audit';
import { AcceptsForm, answerPage, ApiProblems, Public, RateLimit, wantsPage } from '@waybill/platform/http';
import { setRequestUser } from '@waybill/platform/observability';
import { QueueBoard } from '@waybill/platform/queue';
import type { Request, Response } from 'express';
import { cookieWith, tokenOf } from './board-cookie';
import { BOARD, QueueBoardGate } from './queue-board.gate';
import { askToSignIn, askToSignOut, signedOut } from './queue-board.pages';

/** The board brings its own scripts and talks to this server alone; it writes styles inline. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join('; ');
/** Its files carry a hash of what is in them in their names. */
const FILES_CACHING = 'private, max-age=86400';

/** The queues, for admins. Public to the guards: the gate knows a browser's cookie as well, which nothing else does. */
@ApiTags('Operations')
@Public()
@Controller('admin/queues')
export class QueueBoardController {
  constructor(
    private readonly gate: QueueBoardGate,
    private readonly sessions: AdminSessions,
    private readonly board: QueueBoard,
    private readonly audit: AuditLog,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'showQueueBoard',
    summary: 'The queues, as a page for admins',
    description:
      'What waits, runs and failed in the queues, with buttons to pause, resume, retry and clean. A browser is asked for e-mail address and password first (401, a page); programs show an access token.',
  })
  @ApiSecurity('accessToken')
  @ApiProduces('text/html')
  @ApiOkResponse({ description: 'The page.', schema: { type: 'string' } })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN')
  async show(@Req() request: Request, @Res() response: Response): Promise<void> {
    try {
      await this.gate.admit(request);
    } catch (error) {
      if (!isAppError(error, 'UNAUTHENTICATED') || !wantsPage(request)) throw error;
      return this.askToSignIn(response, 401);
    }
    this.audit.record(entryOf(request, 'allowed'));
    await this.forward(request, response);
  }

  @Post()
  @RateLimit(perAddress('login'))
  @AcceptsForm()
  @HttpCode(303)
  @ApiOperation({
    operationId: 'signInToQueueBoard',
    summary: 'Sign in to the page of the queues',
    description:
      'For the form of that page alone. The cookie is good for the board, for an hour, and for nothing else.',
  })
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiBody({ type: LoginDto })
  @ApiResponse({ status: 303, description: 'To the page, with a cookie.' })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'INVALID_CREDENTIALS',
    'EMAIL_NOT_VERIFIED',
    'FORBIDDEN',
    'RATE_LIMITED',
  )
  async signIn(
    @Body() { email, password }: LoginDto,
    @Ip() address: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    this.gate.assertOwnPage(request);
    try {
      const { token, session } = await this.sessions.start(email, password, address);
      setRequestUser(session.userId);
      response.setHeader('Set-Cookie', cookieWith(token, ADMIN_SESSION_SECONDS, this.gate.cookie));
    } catch (error) {
      if (!isAppError(error, 'INVALID_CREDENTIALS') || !wantsPage(request)) throw error;
      this.audit.record(entryOf(request, 'denied', error.code));
      return this.askToSignIn(response, 401, error.message);
    }
    this.audit.record(entryOf(request, 'allowed'));
    response.setHeader('Location', this.gate.cookie.path);
    response.status(303).end();
  }

  @Get('sign-out')
  @ApiExcludeEndpoint()
  askToSignOut(@Res() response: Response): void {
    response.setHeader('Referrer-Policy', 'same-origin');
    answerPage(response, 200, askToSignOut(`${this.gate.cookie.path}/sign-out`));
  }

  @Post('sign-out')
  @AcceptsForm()
  @ApiExcludeEndpoint()
  async signOut(@Req() request: Request, @Res() response: Response): Promise<void> {
    this.gate.assertOwnPage(request);
    const token = tokenOf(request, this.gate.cookie);
    if (token !== null) await this.sessions.end(token);
    response.setHeader('Set-Cookie', cookieWith('', 0, this.gate.cookie));
    answerPage(response, 200, signedOut(this.gate.cookie.path));
  }

  /** Whatever the page asks for. */
  @All('*path')
  @ApiExcludeEndpoint()
  async rest(@Req() request: Request, @Res() response: Response): Promise<void> {
    await this.gate.admit(request);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      this.audit.record({ ...entryOf(request, 'allowed'), action: `${request.method} ${request.path}` });
    }
    await this.forward(request, response);
  }

  private async forward(request: Request, response: Response): Promise<void> {
    const within = request.url.slice(BOARD.length).replace(/^(?!\/)/, '/');
    if (within.startsWith('/static/')) response.setHeader('Cache-Control', FILES_CACHING);
    else response.setHeader('Content-Security-Policy', POLICY);
    const { path } = this.gate.cookie;
    await this.board.answer(within, request, response, { path, signOut: `${path}/sign-out` });
  }

  private askToSignIn(response: Response, status: number, problem?: string): void {
    // A form says where it is only then; without TLS there is nothing else that says it.
    response.setHeader('Referrer-Policy', 'same-origin');
    answerPage(response, status, askToSignIn(this.gate.cookie.path, problem));
  }
}
