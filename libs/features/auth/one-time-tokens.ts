import { Injectable } from '@nestjs/common';
import { deriveToken, hashToken } from '@waybill/core/crypto';
import { uuidv7 } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import type { Tx } from '@waybill/platform/database';
import type { OneTimePurpose } from './one-time-token.entity';
import { OneTimeTokenRepository } from './one-time-token.repository';

/**
 * Tokens that work once and are sent by mail. A token is computed from its row's id and `LINK_SECRET`, under a key of
 * its purpose: a mail that is sent again carries the same one, the database alone lets nobody in, and a token of one
 * purpose is nothing in the slot of another.
 */
@Injectable()
export class OneTimeTokens {
  constructor(
    private readonly config: AppConfig,
    private readonly rows: OneTimeTokenRepository,
  ) {}

  /** Makes a token and ends the older ones of its purpose; tells its id. The caller holds the user's lock. */
  async issue(tx: Tx, userId: string, purpose: OneTimePurpose, lifetimeSeconds: number): Promise<string> {
    const id = uuidv7();
    const tokenHash = hashToken(this.tokenOf(id, purpose));
    await this.rows.replace(tx, { id, userId, purpose, tokenHash, lifetimeSeconds });
    return id;
  }

  /** Uses a token up and tells whose it was, or null. Of many uses at once, one succeeds. */
  async spend(tx: Tx, token: string, purpose: OneTimePurpose): Promise<string | null> {
    return this.rows.spend(tx, hashToken(token), purpose);
  }

  /** Whether a token would still work: asked before something dear is done for it. */
  async isLive(token: string, purpose: OneTimePurpose): Promise<boolean> {
    return (await this.rows.ownerOfLive(hashToken(token), purpose)) !== null;
  }

  /** Ends a user's tokens; of one purpose, or of all (null). */
  async end(tx: Tx, userId: string, purpose: OneTimePurpose | null): Promise<void> {
    await this.rows.end(tx, userId, purpose);
  }

  /** The token of a row that still works, and when that ends; null once it is used, expired or replaced. */
  async reveal(id: string, purpose: OneTimePurpose): Promise<{ token: string; expiresAt: Date } | null> {
    const expiresAt = await this.rows.expiryOfLive(id, purpose);
    return expiresAt && { token: this.tokenOf(id, purpose), expiresAt };
  }

  private tokenOf(id: string, purpose: OneTimePurpose): string {
    return deriveToken(this.config.secrets.link, purpose, id);
  }
}
