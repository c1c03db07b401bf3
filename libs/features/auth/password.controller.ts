import { Body, Controller, Get, HttpCode, Ip, Param, Post, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
} from '@nestjs/swagger';
import { isAppError, type Principal } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { AcceptsForm, ApiProblems, CurrentPrincipal, Public, RateLimit } from '@waybill/platform/http';
import type { Request, Response } from 'express';
import { ChangePasswordDto, ForgotPasswordDto, ResetPasswordDto } from './auth.dto';
import { perAddress } from './auth.limits';
import { answerPage, cameFromForm, pathUnder } from './pages';
import { askForPassword, PASSWORD_NOT_SET, PASSWORD_SET } from './password.pages';
import { PasswordsService } from './passwords.service';

@ApiTags('Auth')
@Controller('auth/password')
export class PasswordController {
  constructor(
    private readonly passwords: PasswordsService,
    private readonly config: AppConfig,
  ) {}

  @Public()
  @RateLimit(perAddress('forgot'))
  @Post('forgot')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'forgotPassword',
    summary: 'Have a link mailed to set another password',
    description: 'The answer is always the same, and takes as long, whether there is an account or not.',
  })
  @ApiAcceptedResponse({ description: 'If there is an account, a mail is on its way.' })
  @ApiProblems('VALIDATION_FAILED', 'MALFORMED_BODY', 'UNSUPPORTED_FILE_TYPE', 'RATE_LIMITED')
  async forgot(@Body() { email }: ForgotPasswordDto): Promise<void> {
    await this.passwords.forgot(email);
  }

  @Public()
  @RateLimit(perAddress('reset'))
  @Get('reset/:token')
  @ApiOperation({
    operationId: 'showPasswordReset',
    summary: 'The page that the mail leads to',
    description: 'Asks for the new password. Looking at it uses nothing up: mail scanners follow links, too.',
  })
  @ApiProduces('text/html')
  @ApiOkResponse({ description: 'The page.', schema: { type: 'string' } })
  @ApiProblems('VALIDATION_FAILED', 'RATE_LIMITED')
  ask(@Param('token') token: string, @Res() response: Response): void {
    answerPage(response, 200, askForPassword(this.formAction, token));
  }

  @Public()
  @RateLimit(perAddress('reset'))
  @Post('reset')
  @AcceptsForm()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'resetPassword',
    summary: 'Set another password with the token of a mail',
    description: 'Ends all sessions and API keys of the account. The form of the page is answered by a page.',
  })
  @ApiNoContentResponse({ description: 'The password is set.' })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'INVALID_TOKEN',
    'UNSUPPORTED_FILE_TYPE',
    'RATE_LIMITED',
  )
  async reset(
    @Body() { token, password }: ResetPasswordDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    if (!cameFromForm(request)) {
      await this.passwords.reset(token, password);
      response.end();
      return;
    }
    try {
      await this.passwords.reset(token, password);
    } catch (error) {
      if (isAppError(error, 'INVALID_TOKEN')) return answerPage(response, 400, PASSWORD_NOT_SET);
      if (!isAppError(error, 'VALIDATION_FAILED')) throw error;
      return answerPage(response, 400, askForPassword(this.formAction, token, error.errors?.[0]?.detail));
    }
    answerPage(response, 200, PASSWORD_SET);
  }

  @RateLimit(perAddress('change-password'))
  @Post('change')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'changePassword',
    summary: 'Change your password',
    description: 'Ends your other sessions.',
  })
  @ApiNoContentResponse({ description: 'The password is changed.' })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'UNAUTHENTICATED',
    'INVALID_CREDENTIALS',
    'FORBIDDEN',
    'UNSUPPORTED_FILE_TYPE',
    'RATE_LIMITED',
  )
  async change(
    @Body() { currentPassword, newPassword }: ChangePasswordDto,
    @CurrentPrincipal() principal: Principal,
    @Ip() address: string,
  ): Promise<void> {
    await this.passwords.change(principal, currentPassword, newPassword, address);
  }

  private get formAction(): string {
    return pathUnder(this.config.http.publicUrl, '/api/auth/password/reset');
  }
}
