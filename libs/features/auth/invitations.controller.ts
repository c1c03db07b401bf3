import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { isAppError, type Principal } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { AcceptsForm, ApiProblems, CurrentPrincipal, Public, RateLimit, Roles } from '@waybill/platform/http';
import { Idempotent } from '@waybill/platform/idempotency';
import type { Request, Response } from 'express';
import { UserDto } from './auth.dto';
import { perAddress } from './auth.limits';
import { ACCEPTED, askToAccept, HAS_ACCOUNT, NOT_ACCEPTED } from './invitation.pages';
import { AcceptInvitationDto, InvitationDto, InviteDto } from './invitations.dto';
import { InvitationsService } from './invitations.service';
import { answerPage, cameFromForm, pathUnder, type Page } from './pages';

/** Each one sends a mail to whomever the sender likes. */
const OF_INVITER = { name: 'invitations', points: 30, seconds: 60, by: 'user' } as const;

@ApiTags('Invitations')
@Controller('auth/invitations')
export class InvitationsController {
  constructor(
    private readonly invitations: InvitationsService,
    private readonly config: AppConfig,
  ) {}

  @Post()
  @Idempotent()
  @Roles('ops')
  @RateLimit(OF_INVITER)
  @ApiOperation({
    operationId: 'invite',
    summary: 'Invite somebody',
    description:
      'Mails a link that makes an account of that role, once, within seven days, as long as you may still invite. Admins invite anybody, ops clients.',
  })
  @ApiCreatedResponse({ type: InvitationDto, description: 'The invitation.' })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'UNAUTHENTICATED',
    'FORBIDDEN',
    'EMAIL_TAKEN',
    'UNSUPPORTED_FILE_TYPE',
    'RATE_LIMITED',
  )
  async invite(
    @CurrentPrincipal() principal: Principal,
    @Body() { email, role }: InviteDto,
  ): Promise<InvitationDto> {
    return this.invitations.invite(principal, email, role);
  }

  @Public()
  @RateLimit(perAddress('invitation'))
  @Get(':token')
  @ApiOperation({
    operationId: 'showInvitation',
    summary: 'The page that the mail leads to',
    description: 'Asks for name and password. Looking at it uses nothing up.',
  })
  @ApiProduces('text/html')
  @ApiOkResponse({ description: 'The page.', schema: { type: 'string' } })
  @ApiProblems('VALIDATION_FAILED', 'RATE_LIMITED')
  ask(@Param('token') token: string, @Res() response: Response): void {
    answerPage(response, 200, askToAccept(this.formAction(token)));
  }

  @Public()
  @RateLimit(perAddress('invitation'))
  @Post(':token/accept')
  @AcceptsForm()
  @HttpCode(201)
  @ApiOperation({
    operationId: 'acceptInvitation',
    summary: 'Make the account that was offered',
    description: 'Its address counts as confirmed. The form of the page is answered by a page.',
  })
  @ApiCreatedResponse({ type: UserDto, description: 'The account; log in with it.' })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'INVALID_TOKEN',
    'EMAIL_TAKEN',
    'UNSUPPORTED_FILE_TYPE',
    'RATE_LIMITED',
  )
  async accept(
    @Param('token') token: string,
    @Body() { password, fullName }: AcceptInvitationDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const accept = () => this.invitations.accept(token, password, fullName ?? null);
    if (!cameFromForm(request)) {
      const { disabled: _, ...user } = await accept();
      response.json(user satisfies UserDto);
      return;
    }
    try {
      await accept();
    } catch (error) {
      const [status, page] = this.explain(error, token);
      return answerPage(response, status, page);
    }
    answerPage(response, 201, ACCEPTED);
  }

  /** What a person is told who cannot have the account; other errors go their own way. */
  private explain(error: unknown, token: string): [status: number, page: Page] {
    if (isAppError(error, 'INVALID_TOKEN')) return [400, NOT_ACCEPTED];
    if (isAppError(error, 'EMAIL_TAKEN')) return [409, HAS_ACCOUNT];
    if (!isAppError(error, 'VALIDATION_FAILED')) throw error;
    return [400, askToAccept(this.formAction(token), error.errors?.[0]?.detail)];
  }

  private formAction(token: string): string {
    const path = `/api/auth/invitations/${encodeURIComponent(token)}/accept`;
    return pathUnder(this.config.http.publicUrl, path);
  }
}
