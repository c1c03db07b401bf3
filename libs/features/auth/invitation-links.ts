import { Injectable } from '@nestjs/common';
import { deriveToken } from '@waybill/core/crypto';
import { AppConfig } from '@waybill/platform/config';
import { InvitationRepository, type LiveInvitation } from './invitation.repository';

/** What the mail that offers an account needs. */
@Injectable()
export class InvitationLinks {
  constructor(
    private readonly config: AppConfig,
    private readonly invitations: InvitationRepository,
  ) {}

  /** An offer with its link, under `PUBLIC_URL` alone; null once it would not work any more. */
  async offer(id: string): Promise<(LiveInvitation & { url: string }) | null> {
    const live = await this.invitations.findLive(id);
    return live && { ...live, url: `${this.config.http.publicUrl}/api/auth/invitations/${this.tokenOf(id)}` };
  }

  /** The token of an offer: computed, so that a mail can be sent again while the database has the hash alone. */
  tokenOf(id: string): string {
    return deriveToken(this.config.secrets.link, 'invitation', id);
  }
}
