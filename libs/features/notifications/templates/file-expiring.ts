import { letter } from './letter';
import type { MailText } from './mail-template';
import { greeting, oneLine, utc } from './text';

export interface ExpiringFacts {
  fullName: string | null;
  fileName: string;
  expiresAt: Date;
  url: string;
  unsubscribeUrl?: string;
}

/** Warns an owner that a file is about to end. */
export function fileExpiringMail({
  fullName,
  fileName,
  expiresAt,
  url,
  unsubscribeUrl,
}: ExpiringFacts): MailText {
  return letter({
    subject: 'A file of yours is about to expire',
    hello: greeting(fullName),
    request: `Your file "${oneLine(fileName)}" expires on ${utc(expiresAt)}. From then on nobody can download it, through whatever link, and it is deleted. This is its address:`,
    label: 'The file',
    url,
    notes: [
      'To keep it, give it a later expiry before then. If that is how you meant it, there is nothing to do.',
    ],
    unsubscribeUrl,
  });
}
