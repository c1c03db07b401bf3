import { Inject, Injectable, Optional } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { EventFeed } from '@waybill/platform/events';
import {
  AccountDirectory,
  ConfirmationLinks,
  InvitationLinks,
  ResetLinks,
  type Contact,
} from '@waybill/features/auth';
import type { OutgoingMail } from '@waybill/platform/mail';
import { GrantedFiles } from './granted-files';
import { isOptional } from './preferences/optional-mails';
import { MutedMailRepository } from './preferences/muted-mail.repository';
import { UnsubscribeLinks } from './preferences/unsubscribe-links';
import type { ClaimedMail } from './mail.repository';
import { confirmMail } from './templates/confirm';
import { fileDownloadedMail } from './templates/file-downloaded';
import { fileExpiringMail } from './templates/file-expiring';
import { fileGrantedMail } from './templates/file-granted';
import { invitationMail } from './templates/invitation';
import { resetMail } from './templates/reset';
import type { MailText } from './templates/mail-template';

type Letter = MailText & Pick<OutgoingMail, 'to' | 'unsubscribeUrl'>;

/** What is made for this mail alone. */
interface Reader extends Contact {
  unsubscribeUrl?: string;
}

/** Makes the mail that a row stands for, at the moment of sending: names and links are those of now. */
@Injectable()
export class MailComposer {
  private readonly host: string;
  private readonly apiUrl: string;

  constructor(
    config: AppConfig,
    private readonly directory: AccountDirectory,
    private readonly confirmations: ConfirmationLinks,
    private readonly resets: ResetLinks,
    private readonly invitations: InvitationLinks,
    private readonly feed: EventFeed,
    private readonly muted: MutedMailRepository,
    private readonly unsubscribing: UnsubscribeLinks,
    @Optional() @Inject(GrantedFiles) private readonly files: GrantedFiles | null = null,
  ) {
    this.host = new URL(config.http.publicUrl).hostname;
    this.apiUrl = `${config.http.publicUrl}/api`;
  }

  /** The mail, or null when there is nobody, or nothing, to write to any more. */
  async compose(mail: ClaimedMail): Promise<OutgoingMail | null> {
    const letter = mail.template === 'invitation' ? await this.invitation(mail) : await this.toAccount(mail);
    return letter && { ...letter, messageId: `${mail.id}@${this.host}` };
  }

  /** To whoever has no account yet. */
  private async invitation({ data }: ClaimedMail): Promise<Letter | null> {
    const offer = await this.invitations.offer(data.invitationId!);
    return offer && { ...invitationMail({ inviter: offer.inviterName, ...offer }), to: offer.email };
  }

  private async toAccount(mail: ClaimedMail): Promise<Letter | null> {
    const contact = await this.directory.contact(mail.recipientId);
    if (contact === null) return null;
    const { recipientId: userId, template } = mail;
    const optional = isOptional(template);
    if (optional && (await this.muted.of(userId)).has(template)) return null;
    const unsubscribeUrl = optional ? this.unsubscribing.linkFor({ userId, template }) : undefined;
    const text = await this.textOf(mail, { ...contact, unsubscribeUrl });
    return text && { ...text, to: contact.email, unsubscribeUrl };
  }

  private async textOf(mail: ClaimedMail, contact: Reader): Promise<MailText | null> {
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
        const { fullName, unsubscribeUrl } = contact;
        const url = `${this.apiUrl}/files/${fileId}`;
        return (
          file &&
          fileGrantedMail({ fullName, fileName: file.name, ownerName: file.ownerName, url, unsubscribeUrl })
        );
      }
      case 'file-expiring': {
        const fileId = mail.data.fileId!;
        const file = (await this.files?.findExpiring(fileId, mail.recipientId)) ?? null;
        const { fullName, unsubscribeUrl } = contact;
        const url = `${this.apiUrl}/files/${fileId}`;
        return (
          file &&
          fileExpiringMail({ fullName, fileName: file.name, expiresAt: file.expiresAt, url, unsubscribeUrl })
        );
      }
      case 'file-downloaded':
        return this.download(mail, contact);
      default:
        throw new Error(`There is no mail template ${mail.template}.`);
    }
  }

  /** Under the name that it had: it may be gone by now, and was downloaded none the less. */
  private async download({ eventId, times }: ClaimedMail, reader: Reader): Promise<MailText | null> {
    const event = await this.feed.find(eventId);
    if (event?.type !== 'file.downloaded' && event?.type !== 'share.downloaded') return null;
    const { data } = event;
    const fileIds = 'fileId' in data ? [data.fileId] : data.fileIds;
    const place = fileIds.length === 1 ? `files/${fileIds[0]}` : `shares/${event.subjectId}`;
    return fileDownloadedMail({ ...reader, fileName: data.fileName, times, url: `${this.apiUrl}/${place}` });
  }
}
