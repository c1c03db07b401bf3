import { Injectable } from '@nestjs/common';
import { deriveKey, isCanonicalBase64url, openBox, sealBox } from '@waybill/core/crypto';
import { Clock, isAppError } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';

/** As long as a download that broke may be finished. */
export const TICKET_SECONDS = 60 * 60;

const CONTEXT = 'waybill:share-ticket:v1';
const LONGEST_TICKET = 400;

/** Of a share, what a ticket is bound to. */
export interface Unlockable {
  id: string;
  passwordRevision: number;
}

/**
 * Tickets: what somebody holds who has unlocked a share. Sealed under a key of their own, bound to the share and to the
 * password that it was unlocked with; they say nothing, and fit nowhere else.
 */
@Injectable()
export class ShareTickets {
  readonly #key: Buffer;

  constructor(
    config: AppConfig,
    private readonly clock: Clock,
  ) {
    this.#key = deriveKey(config.secrets.link, 'share-ticket');
  }

  issue({ id, passwordRevision }: Unlockable): string {
    const until = this.#seconds() + TICKET_SECONDS;
    return sealBox(this.#key, Buffer.from(JSON.stringify([id, passwordRevision, until])), CONTEXT).toString(
      'base64url',
    );
  }

  /** Whether a ticket opens this share now. */
  opens(ticket: string | null, share: Unlockable): boolean {
    if (ticket === null || ticket.length > LONGEST_TICKET || !isCanonicalBase64url(ticket)) return false;
    try {
      const [id, passwordRevision, until] = JSON.parse(
        openBox(this.#key, Buffer.from(ticket, 'base64url'), CONTEXT).toString('utf8'),
      ) as [string, number, number];
      return id === share.id && passwordRevision === share.passwordRevision && this.#seconds() < until;
    } catch (error) {
      if (isAppError(error, 'INTEGRITY_FAILURE')) return false;
      throw error;
    }
  }

  #seconds(): number {
    return Math.floor(this.clock.now().getTime() / 1000);
  }
}
