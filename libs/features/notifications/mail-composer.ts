import { Injectable } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { AccountDirectory, ConfirmationLinks, ResetLinks, type Contact } from '@waybill/features/auth';
import type { OutgoingMail } from '@waybill/platform/mail';
import type { NewMail } from './mail.repository';
import { confirmMail } from './templates/confirm';
import { resetMail } from './templates/reset';
import type { MailText } from './templates/mail-template';

/** Makes the mail that a row stands for, at the moment of sending: names and links are those of now. */
@Injectable()
export class MailComposer {
  private readonly host: string;

  constructor(
    config: AppConfig,
    private readonly directory: AccountDirectory,
    private readonly confirmations: ConfirmationLinks,
    private readonly resets: ResetLinks,
  ) {
    this.host = new URL(config.http.publicUrl).hostname;
  }

  /** The mail, or null when there is nobody, or nothing, to write to any more. */
  async compose(mail: NewMail): Promise<OutgoingMail | null> {
    const contact = await this.directory.contact(mail.recipientId);
    const text = contact && (await this.textOf(mail, contact));
    return contact && text && { ...text, to: contact.email, messageId: `${mail.id}@${this.host}` };
  }

  private async textOf(mail: NewMail, contact: Contact): Promise<MailText | null> {
    switch (mail.template) {
      case 'confirm': {
        const link = await this.confirmations.linkFor(mail.data.tokenId!);
        return link && confirmMail({ fullName: contact.fullName, ...link });
      }
      case 'reset': {
        const link = await this.resets.linkFor(mail.data.tokenId!);
        return link && resetMail({ fullName: contact.fullName, ...link });
      }
      default:
        throw new Error(`There is no mail template ${mail.template}.`);
    }
  }
}
