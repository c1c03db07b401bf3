import { Injectable } from '@nestjs/common';
import { sha256 } from '@waybill/core/crypto';
import { AppError, Clock } from '@waybill/core/kernel';
import { RateLimiter } from '@waybill/platform/http';
import { PasswordHasher } from '@waybill/platform/passwords';
import { ShareAccess } from './share-access';
import { assertCurrent } from './share.policy';
import type { ShareRecord } from './share.repository';
import { ShareTickets } from './share-tickets';

/** Wrong passwords of one share, from wherever they come. */
const WRONG_PASSWORDS = { name: 'share-passwords', points: 10, seconds: 15 * 60 };

/** Lets in whoever knows the password of a share. */
@Injectable()
export class ShareUnlocking {
  constructor(
    private readonly access: ShareAccess,
    private readonly passwords: PasswordHasher,
    private readonly limiter: RateLimiter,
    private readonly tickets: ShareTickets,
    private readonly clock: Clock,
  ) {}

  /**
   * A ticket for the right password; for any where the share has none. What is no share is answered as one whose password
   * is another: as often, as late, and in the same words.
   *
   * @throws AppError `INVALID_CREDENTIALS`; `RATE_LIMITED` after ten wrong ones, for the right one as well; `GONE`.
   */
  async unlock(token: string, password: string): Promise<string> {
    const whose = `share ${sha256(token).toString('base64url')}`;
    // Taken before the try, or a burst would get past.
    await this.limiter.consume(WRONG_PASSWORDS, whose);
    const share = await this.access.find(token);
    if (share !== null) await this.assertCurrent(share, whose);
    const right = await this.passwords.trial('share', whose, async (verify) => {
      const verified = await verify(share?.passwordHash ?? null, password);
      return verified || (share !== null && share.passwordHash === null);
    });
    if (!right || share === null)
      throw new AppError('INVALID_CREDENTIALS', 'The password is not the right one.');
    await this.limiter.refund(WRONG_PASSWORDS, whose);
    return this.tickets.issue(share);
  }

  private async assertCurrent(share: ShareRecord, whose: string): Promise<void> {
    try {
      assertCurrent(share, this.clock.now());
    } catch (error) {
      await this.limiter.refund(WRONG_PASSWORDS, whose);
      throw error;
    }
  }
}
