import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { isAppError } from '@waybill/core/kernel';
import { addressKey, ApiProblems, Public, RateLimiter, wantsPage } from '@waybill/platform/http';
import type { Request, Response } from 'express';
import { SharePages } from './share-pages';
import { TOKEN_ROUTES } from './sharing.limits';

/** The page for people, beside the API. */
@ApiTags('Sharing')
@Public()
@Controller('s')
export class SharePageController {
  constructor(
    private readonly pages: SharePages,
    private readonly limiter: RateLimiter,
  ) {}

  @Get(':token')
  @ApiOperation({
    operationId: 'showShare',
    summary: 'The page of a share, for people',
    description:
      'Name, size, expiry, and one button. Looking at it never counts, and needs no script. What refuses a browser (`Accept: text/html`) is told by a page as well.',
  })
  @ApiProduces('text/html')
  @ApiOkResponse({ description: 'The page.', schema: { type: 'string' } })
  @ApiProblems('VALIDATION_FAILED', 'NOT_FOUND', 'GONE', 'RATE_LIMITED')
  async show(
    @Param('token') token: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    try {
      // Here rather than by the guard: a person is told by a page.
      await this.limiter.consume(TOKEN_ROUTES, `address:${addressKey(request.ip)}`);
      await this.pages.answer(response, token);
    } catch (error) {
      if (!isAppError(error) || !wantsPage(request)) throw error;
      await this.pages.answerRefusal(response, token, error);
    }
  }
}
