import { Injectable } from '@nestjs/common';
import { type AppError, Clock } from '@waybill/core/kernel';
import { answerPage } from '@waybill/platform/http';
import type { Response } from 'express';
import { ShareAccess, type OpenShare } from './share-access';
import { ShareLinks } from './share-links';
import { gone, remainingDownloads } from './share.policy';
import { GONE_PAGE, limitedPage, lockedPage, readyPage, UNAVAILABLE_PAGE, UNKNOWN_PAGE } from './share.pages';

/** Answers people with pages: what a share is, and what is wrong where something is. */
@Injectable()
export class SharePages {
  constructor(
    private readonly access: ShareAccess,
    private readonly links: ShareLinks,
    private readonly clock: Clock,
  ) {}

  /**
   * The page of what a token leads to. Looking at it counts and changes nothing.
   *
   * @throws AppError what `answerRefusal` has a page for.
   */
  async answer(response: Response, token: string): Promise<void> {
    const open = await this.access.open(token);
    if (remainingDownloads([open.share, ...open.files]) === 0)
      throw gone('It was downloaded as often as it may be.');
    answerPage(response, 200, this.pageOf(open, token));
  }

  /** The page for somebody whose form, or whose look, was refused. */
  async answerRefusal(response: Response, token: string, refusal: AppError): Promise<void> {
    switch (refusal.code) {
      case 'NOT_FOUND':
        return answerPage(response, 404, UNKNOWN_PAGE);
      case 'GONE':
        return answerPage(response, 410, GONE_PAGE);
      case 'INVALID_CREDENTIALS':
        return this.answerWrongPassword(response, token);
      case 'RATE_LIMITED': {
        const seconds = refusal.retryAfterSeconds ?? 60;
        for (const [name, value] of Object.entries(refusal.headers ?? {})) response.setHeader(name, value);
        response.setHeader('Retry-After', String(seconds));
        return answerPage(response, 429, limitedPage(Math.ceil(seconds / 60)));
      }
      case 'DEPENDENCY_UNAVAILABLE':
        return answerPage(response, 503, UNAVAILABLE_PAGE);
      default:
        throw refusal;
    }
  }

  private async answerWrongPassword(response: Response, token: string): Promise<void> {
    const open = await this.access.open(token);
    answerPage(response, 401, this.pageOf(open, token, 'That is not the password. Please try again.'));
  }

  private pageOf(open: OpenShare, token: string, problem?: string): ReturnType<typeof readyPage> {
    const state = { action: this.links.bytes(token), now: this.clock.now(), problem };
    return open.share.passwordHash === null ? readyPage(open, state) : lockedPage(open, state);
  }
}
