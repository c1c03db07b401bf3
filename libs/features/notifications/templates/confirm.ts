import { letter } from './letter';
import type { MailText } from './mail-template';
import { greeting, utc } from './text';

export interface ConfirmFacts {
  fullName: string | null;
  url: string;
  expiresAt: Date;
}

/** Asks somebody to confirm the address that an account was made with. */
export function confirmMail({ fullName, url, expiresAt }: ConfirmFacts): MailText {
  return letter({
    subject: 'Confirm your e-mail address',
    hello: greeting(fullName),
    request:
      'an account for Waybill was made with this e-mail address. Open this link to confirm that it is yours:',
    label: 'Confirm your e-mail address',
    url,
    notes: [
      `The link works once, until ${utc(expiresAt)}.`,
      `If this wasn't you, ignore this mail: without the confirmation nobody can use the account.`,
    ],
  });
}
