import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { AppError, isAppError } from '@waybill/core/kernel';
import { ApiBytes, DownloadService, type Content } from '@waybill/features/files';
import {
  AcceptsForm,
  addressKey,
  ApiProblems,
  Public,
  RateLimit,
  RateLimiter,
  wantsPage,
} from '@waybill/platform/http';
import { Outbox } from '@waybill/platform/events';
import type { Request, Response } from 'express';
import { ShareAccess, type OpenShare } from './share-access';
import { ShareFormRequest, ShareInfoDto, ShareTicketDto, UnlockShareRequest } from './share.dto';
import { ShareLinks } from './share-links';
import { toShareInfo } from './share.mapper';
import { SharePages } from './share-pages';
import type { ShareRecord } from './share.repository';
import { ShareTickets, TICKET_SECONDS } from './share-tickets';
import { ShareUnlocking } from './share-unlocking';
import { TOKEN_ROUTES, UNKNOWN_TOKENS } from './sharing.limits';

const TICKET = {
  name: 'ticket',
  required: false,
  description: 'Of a share with a password, where no header can be sent.',
  schema: { type: 'string' as const },
};

/** Where shares lead, for programs and for the form of the page. */
@ApiTags('Sharing')
@Public()
@Controller('share/:token')
export class ShareBytesController {
  constructor(
    private readonly access: ShareAccess,
    private readonly unlocking: ShareUnlocking,
    private readonly tickets: ShareTickets,
    private readonly downloads: DownloadService,
    private readonly links: ShareLinks,
    private readonly pages: SharePages,
    private readonly limiter: RateLimiter,
    private readonly outbox: Outbox,
  ) {}

  @Get('info')
  @RateLimit(TOKEN_ROUTES)
  @ApiOperation({
    operationId: 'getShareInfo',
    summary: 'What a share holds',
    description: 'Never counts. With a password, name and type are told to whoever has unlocked it.',
  })
  @ApiQuery(TICKET)
  @ApiOkResponse({ type: ShareInfoDto, description: 'What may be known.' })
  @ApiProblems('VALIDATION_FAILED', 'NOT_FOUND', 'GONE', 'RATE_LIMITED')
  async info(@Param('token') token: string, @Req() request: Request): Promise<ShareInfoDto> {
    const open = await this.access.open(token);
    return toShareInfo(open, this.unlocked(request, open.share));
  }

  @Post('unlock')
  @RateLimit(TOKEN_ROUTES)
  @HttpCode(200)
  @ApiOperation({
    operationId: 'unlockShare',
    summary: 'Unlock a share with its password',
    description:
      'Ten wrong passwords in a quarter of an hour close it for everybody until that is over. A token that is none is answered like a wrong password.',
  })
  @ApiOkResponse({ type: ShareTicketDto, description: 'A ticket. It ends when the password is changed.' })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'INVALID_CREDENTIALS',
    'GONE',
    'UNSUPPORTED_FILE_TYPE',
    'RATE_LIMITED',
  )
  async unlock(
    @Param('token') token: string,
    @Body() { password }: UnlockShareRequest,
  ): Promise<ShareTicketDto> {
    return { ticket: await this.unlocking.unlock(token, password), expiresIn: TICKET_SECONDS };
  }

  @Get()
  @ApiOperation({
    operationId: 'downloadShare',
    summary: 'Download a share',
    description:
      'No account needed. With a password, a ticket as `Authorization: Bearer` or `?ticket=`. A delivery counts once its first byte is sent; a range that goes on with one that broke, from the same address and user agent, does not count again. A browser that comes without a ticket is led to the page for people, and not counted.',
  })
  @ApiQuery(TICKET)
  @ApiBytes()
  @ApiResponse({ status: 303, description: 'To the page, for a browser without a ticket.' })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'RATE_LIMITED')
  async download(
    @Param('token') token: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const ticket = ticketOf(request);
    if (ticket === null && wantsPage(request)) return this.leadToPage(token, response);
    const open = await this.opened(token, request);
    if (!this.tickets.opens(ticket, open.share)) {
      if (wantsPage(request)) return this.leadToPage(token, response);
      if (open.share.passwordHash !== null) {
        throw new AppError('UNAUTHENTICATED', 'The share has a password: unlock it, and bring the ticket.');
      }
    }
    await this.deliver(open, request, response);
  }

  @Post()
  @AcceptsForm()
  @RateLimit(TOKEN_ROUTES)
  @HttpCode(303)
  @ApiOperation({
    operationId: 'submitShareForm',
    summary: 'The form of the page for people',
    description:
      'Leads to the bytes. A browser is led back to the page with what is wrong, a program told by a problem.',
  })
  @ApiConsumes('application/x-www-form-urlencoded', 'application/json')
  @ApiBody({ type: ShareFormRequest })
  @ApiResponse({ status: 303, description: 'To the bytes, with a ticket.' })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'INVALID_CREDENTIALS',
    'NOT_FOUND',
    'GONE',
    'UNSUPPORTED_FILE_TYPE',
    'RATE_LIMITED',
  )
  async submit(
    @Param('token') token: string,
    @Body() { password = '' }: ShareFormRequest,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    try {
      const { share } = await this.access.open(token);
      const ticket =
        share.passwordHash === null
          ? this.tickets.issue(share)
          : await this.unlocking.unlock(token, password);
      redirect(response, this.links.bytes(token, ticket));
    } catch (error) {
      if (!isAppError(error) || !wantsPage(request)) throw error;
      await this.pages.answerRefusal(response, token, error);
    }
  }

  private async deliver({ share, content }: OpenShare, request: Request, response: Response): Promise<void> {
    await this.downloads.answer(request, response, content, {
      share,
      userId: null,
      announce: async (tx) => {
        await this.outbox.append(tx, {
          type: 'share.downloaded',
          actorId: null,
          ownerId: share.ownerId,
          subjectId: share.id,
          data: { shareId: share.id, fileIds: share.fileIds, fileName: nameOf(content) },
        });
      },
    });
  }

  /** Whoever tries tokens is slowed down; whoever has one is not. */
  private async opened(token: string, request: Request): Promise<OpenShare> {
    try {
      return await this.access.open(token);
    } catch (error) {
      if (isAppError(error, 'NOT_FOUND')) await this.limiter.consume(UNKNOWN_TOKENS, addressKey(request.ip));
      throw error;
    }
  }

  private unlocked(request: Request, share: ShareRecord): boolean {
    return share.passwordHash === null || this.tickets.opens(ticketOf(request), share);
  }

  private leadToPage(token: string, response: Response): void {
    redirect(response, this.links.page(token));
  }
}

function nameOf({ is }: Content): string {
  return is.name;
}

function redirect(response: Response, location: string): void {
  response.statusCode = 303;
  response.setHeader('Location', location);
  response.end();
}

/** The ticket of a request: a bearer token, or the parameter that the page's form leads to. */
function ticketOf(request: Request): string | null {
  const bearer = /^Bearer ([\w-]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const { ticket } = request.query;
  return bearer ?? (typeof ticket === 'string' ? ticket : null);
}
