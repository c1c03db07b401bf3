import { Injectable } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { OneTimeTokens } from './one-time-tokens';

/** What the mail that asks to confirm an address needs. */
@Injectable()
export class ConfirmationLinks {
  constructor(
    private readonly config: AppConfig,
    private readonly tokens: OneTimeTokens,
  ) {}

  /** The link of a confirmation, under `PUBLIC_URL` alone; null once it would not work any more. */
  async linkFor(tokenId: string): Promise<{ url: string; expiresAt: Date } | null> {
    const live = await this.tokens.reveal(tokenId, 'confirm');
    return (
      live && {
        url: `${this.config.http.publicUrl}/api/auth/confirm/${live.token}`,
        expiresAt: live.expiresAt,
      }
    );
  }
}
