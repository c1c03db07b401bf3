import { Inject, Injectable, Optional } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import {
  AccountDirectory,
  ConfirmationLinks,
  InvitationLinks,
  ResetLinks,
  type Contact,
} from '@waybill/features/auth';
import type { OutgoingMail } from '@waybill/platform/mail';
import { GrantedFiles } from './granted-files';
import type { NewMail } from './mail.repository';
import { confirmMail } from './templates/confirm';
import { fileExpiringMail } from './templates/file-expiring';
import { fileGrantedMail } from './templates/file-granted';
import { invitationMail } from './templates/invitation';
import { resetMail } from './templates/reset';
import type { MailText } from './templates/mail-template';

type Letter = MailText & Pick<OutgoingMail, 'to'>;

/** Makes the mail that a row stands for, at the moment of sending: names and links are those of now. */
@Injectable()
export class MailComposer {
  private readonly host: string;
  private readonly filesUrl: string;

  constructor(
    config: AppConfig,
    private readonly directory: AccountDirectory,
    private readonly confirmations: ConfirmationLinks,
    private readonly resets: ResetLinks,
    private readonly invitations: InvitationLinks,
    @Optional() @Inject(GrantedFiles) private readonly files: GrantedFiles | null = null,
  ) {
    this.host = new URL(config.http.publicUrl).hostname;
    this.filesUrl = `${config.http.publicUrl}/api/files`;
  }

  /** The mail, or null when there is nobody, or nothing, to write to any more. */
  async compose(mail: NewMail): Promise<OutgoingMail | null> {
    const letter = mail.template === 'invitation' ? await this.invitation(mail) : await this.toAccount(mail);
    return letter && { ...letter, messageId: `${mail.id}@${this.host}` };
  }

  /** To whoever has no account yet. */
  private async invitation({ data }: NewMail): Promise<Letter | null> {
    const offer = await this.invitations.offer(data.invitationId!);
    return offer && { ...invitationMail({ inviter: offer.inviterName, ...offer }), to: offer.email };
  }

  private async toAccount(mail: NewMail): Promise<Letter | null> {
    const contact = await this.directory.contact(mail.recipientId);
    const text = contact && (await this.textOf(mail, contact));
    return contact && text && { ...text, to: contact.email };
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
      case 'file-granted': {
        const fileId = mail.data.fileId!;
        const client = { userId: mail.recipientId, email: contact.email };
        const file = (await this.files?.find(fileId, client)) ?? null;
        const { fullName } = contact;
        const url = `${this.filesUrl}/${fileId}`;
        return file && fileGrantedMail({ fullName, fileName: file.name, ownerName: file.ownerName, url });
      }
      case 'file-expiring': {
        const fileId = mail.data.fileId!;
        const file = (await this.files?.findExpiring(fileId, mail.recipientId)) ?? null;
        const { fullName } = contact;
        const url = `${this.filesUrl}/${fileId}`;
        return file && fileExpiringMail({ fullName, fileName: file.name, expiresAt: file.expiresAt, url });
      }
      default:
        throw new Error(`There is no mail template ${mail.template}.`);
    }
  }
}
