import { Injectable } from '@nestjs/common';
import { AppError } from '@waybill/core/kernel';
import { MutedMailRepository } from './muted-mail.repository';
import {
  MAIL_PREFERENCES,
  OPTIONAL_MAILS,
  type MailPreference,
  type MailPreferences,
} from './optional-mails';
import { UnsubscribeLinks } from './unsubscribe-links';

/** Which mails somebody wants. */
@Injectable()
export class MailPreferencesService {
  constructor(
    private readonly muted: MutedMailRepository,
    private readonly links: UnsubscribeLinks,
  ) {}

  async of(userId: string): Promise<MailPreferences> {
    const muted = await this.muted.of(userId);
    const entries = MAIL_PREFERENCES.map((name) => [name, !muted.has(OPTIONAL_MAILS[name])]);
    return Object.fromEntries(entries) as MailPreferences;
  }

  /** Changes what is named, and tells all. */
  async change(userId: string, wishes: Partial<MailPreferences>): Promise<MailPreferences> {
    const templates = (wanted: boolean) =>
      MAIL_PREFERENCES.filter((name: MailPreference) => wishes[name] === wanted).map(
        (name) => OPTIONAL_MAILS[name],
      );
    await this.muted.mute(userId, templates(false));
    await this.muted.unmute(userId, templates(true));
    return this.of(userId);
  }

  /** Ends what the link of a mail is for; once more does no harm. @throws AppError `INVALID_TOKEN`. */
  async unsubscribe(token: string): Promise<void> {
    const subscription = this.links.read(token);
    if (subscription === null) throw new AppError('INVALID_TOKEN', 'The link is not valid.');
    await this.muted.mute(subscription.userId, [subscription.template]);
  }
}
