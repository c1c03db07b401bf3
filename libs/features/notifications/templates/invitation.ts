import type { Role } from '@waybill/core/kernel';
import { letter } from './letter';
import type { MailText } from './mail-template';
import { nameIn, utc } from './text';

export interface InvitationFacts {
  /** Whoever invites; null where he gave no name. */
  inviter: string | null;
  role: Role;
  url: string;
  expiresAt: Date;
}

const PURPOSE: Record<Role, string> = {
  client: 'to receive files',
  ops: 'to hand over files',
  admin: 'to hand over files and to manage its users',
};

/** Offers somebody an account. */
export function invitationMail({ inviter, role, url, expiresAt }: InvitationFacts): MailText {
  const who = nameIn(inviter) ?? 'Somebody';
  return letter({
    subject: 'You are invited to Waybill',
    hello: 'Hello,',
    request: `${who} invites you to Waybill, ${PURPOSE[role]}. Open this link to make your account:`,
    label: 'Make your account',
    url,
    notes: [
      `The link works once, until ${utc(expiresAt)}.`,
      'If you did not expect this, ignore this mail: no account is made.',
    ],
  });
}
