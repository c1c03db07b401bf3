import { letter } from './letter';
import type { MailText } from './mail-template';
import { greeting, utc } from './text';

export interface ResetFacts {
  fullName: string | null;
  url: string;
  expiresAt: Date;
}

/** Lets somebody who forgot his password set another. */
export function resetMail({ fullName, url, expiresAt }: ResetFacts): MailText {
  return letter({
    subject: 'Set a new password',
    hello: greeting(fullName),
    request:
      'somebody asked to reset the password of your Waybill account. Open this link to choose a new one:',
    label: 'Set a new password',
    url,
    notes: [
      `The link works once, until ${utc(expiresAt)}. It logs you out everywhere.`,
      `If this wasn't you, ignore this mail: your password stays as it is.`,
    ],
  });
}
