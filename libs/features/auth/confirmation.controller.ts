import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { isAppError } from '@waybill/core/kernel';
import { AcceptsForm, ApiProblems, Public, RateLimit } from '@waybill/platform/http';
import type { Request, Response } from 'express';
import { EmailVerifiedDto, ResendConfirmationDto } from './auth.dto';
import { perAddress } from './auth.limits';
import { ASK_TO_CONFIRM, CONFIRMED, NOT_CONFIRMED } from './confirmation.pages';
import { ConfirmationService } from './confirmation.service';
import { answerPage, cameFromForm } from './pages';

@ApiTags('Auth')
@Public()
@RateLimit(perAddress('confirm'))
@Controller('auth/confirm')
export class ConfirmationController {
  constructor(private readonly confirmations: ConfirmationService) {}

  @Post('resend')
  @ApiOperation({
    operationId: 'resendConfirmation',
    summary: 'Have the confirmation mailed again',
    description:
      'Mails another link, where there is something to confirm; the answer is always the same. Older links end.',
  })
  @HttpCode(202)
  @ApiAcceptedResponse({ description: 'If there is something to confirm, a mail is on its way.' })
  @ApiProblems('VALIDATION_FAILED', 'MALFORMED_BODY', 'RATE_LIMITED')
  async resend(@Body() { email }: ResendConfirmationDto): Promise<void> {
    await this.confirmations.resend(email);
  }

  @Get(':token')
  @ApiOperation({
    operationId: 'showConfirmation',
    summary: 'The page that the mail leads to',
    description:
      'One button, which sends the POST. Looking at it changes nothing and tells nothing of the token, because mail scanners follow links before people do.',
  })
  @ApiProduces('text/html')
  @ApiOkResponse({ description: 'The page.', schema: { type: 'string' } })
  @ApiProblems('RATE_LIMITED')
  ask(@Res() response: Response): void {
    answerPage(response, 200, ASK_TO_CONFIRM);
  }

  @Post(':token')
  @ApiOperation({
    operationId: 'confirmEmail',
    summary: 'Confirm an e-mail address',
    description: 'Answers with a page when the form of the page asks, with JSON otherwise.',
  })
  @AcceptsForm()
  @HttpCode(200)
  @ApiOkResponse({ type: EmailVerifiedDto, description: 'The address is confirmed.' })
  @ApiProblems('INVALID_TOKEN', 'RATE_LIMITED')
  async confirm(
    @Param('token') token: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    if (!cameFromForm(request)) {
      await this.confirmations.confirm(token);
      response.json({ emailVerified: true } satisfies EmailVerifiedDto);
      return;
    }
    try {
      await this.confirmations.confirm(token);
    } catch (error) {
      if (!isAppError(error, 'INVALID_TOKEN')) throw error;
      return answerPage(response, 400, NOT_CONFIRMED);
    }
    answerPage(response, 200, CONFIRMED);
  }
}
