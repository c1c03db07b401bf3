import { Injectable } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { OneTimeTokens } from './one-time-tokens';

/** What the mail to somebody who forgot his password needs. */
@Injectable()
export class ResetLinks {
  constructor(
    private readonly config: AppConfig,
    private readonly tokens: OneTimeTokens,
  ) {}

  /** The link of a reset, under `PUBLIC_URL` alone; null once it would not work any more. */
  async linkFor(tokenId: string): Promise<{ url: string; expiresAt: Date } | null> {
    const live = await this.tokens.reveal(tokenId, 'reset');
    return (
      live && {
        url: `${this.config.http.publicUrl}/api/auth/password/reset/${live.token}`,
        expiresAt: live.expiresAt,
      }
    );
  }
}
