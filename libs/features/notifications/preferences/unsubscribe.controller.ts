import { Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { isAppError } from '@waybill/core/kernel';
import { perAddress } from '@waybill/features/auth';
import {
  AcceptsForm,
  answerPage,
  ApiProblems,
  cameFromForm,
  Public,
  RateLimit,
} from '@waybill/platform/http';
import type { Request, Response } from 'express';
import { MailPreferencesService } from './mail-preferences.service';
import { ASK_TO_UNSUBSCRIBE, NOT_UNSUBSCRIBED, UNSUBSCRIBED } from './unsubscribe.pages';

/** Where mails lead that somebody has had enough of. */
@ApiTags('Notifications')
@Public()
@RateLimit(perAddress('unsubscribe'))
@Controller('mails/unsubscribe')
export class UnsubscribeController {
  constructor(private readonly preferences: MailPreferencesService) {}

  @Get(':token')
  @ApiOperation({
    operationId: 'showUnsubscription',
    summary: 'The page that a mail’s last line leads to',
    description:
      'One button, which sends the POST. Looking at it changes nothing: mail scanners follow links.',
  })
  @ApiProduces('text/html')
  @ApiOkResponse({ description: 'The page.', schema: { type: 'string' } })
  @ApiProblems('RATE_LIMITED')
  ask(@Res() response: Response): void {
    answerPage(response, 200, ASK_TO_UNSUBSCRIBE);
  }

  @Post(':token')
  @AcceptsForm()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'unsubscribe',
    summary: 'Switch a kind of mails off',
    description:
      'By the button of the page, or at once by a mail program (one-click unsubscription, RFC 8058). Once more does no harm.',
  })
  @ApiProduces('text/html')
  @ApiOkResponse({ description: 'They are off.', schema: { type: 'string' } })
  @ApiProblems('INVALID_TOKEN', 'RATE_LIMITED')
  async unsubscribe(
    @Param('token') token: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    try {
      await this.preferences.unsubscribe(token);
    } catch (error) {
      if (!isAppError(error, 'INVALID_TOKEN') || !cameFromForm(request)) throw error;
      return answerPage(response, 400, NOT_UNSUBSCRIBED);
    }
    answerPage(response, 200, UNSUBSCRIBED);
  }
}
