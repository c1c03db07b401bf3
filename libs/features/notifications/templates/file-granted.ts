import { letter } from './letter';
import type { MailText } from './mail-template';
import { greeting, nameIn, oneLine } from './text';

export interface GrantedFacts {
  fullName: string | null;
  fileName: string;
  /** Null for an owner who gave no name. */
  ownerName: string | null;
  /** Of the file: no key to it, but the place where whoever logs in finds it. */
  url: string;
  unsubscribeUrl?: string;
}

/** Tells somebody that a file was made available to him. */
export function fileGrantedMail({
  fullName,
  fileName,
  ownerName,
  url,
  unsubscribeUrl,
}: GrantedFacts): MailText {
  const owner = nameIn(ownerName) ?? 'Somebody';
  return letter({
    subject: 'A file is available to you',
    hello: greeting(fullName),
    request: `${owner} made the file "${oneLine(fileName)}" available to you. Log in to Waybill to download it; this is its address:`,
    label: 'The file',
    url,
    notes: ['The address alone opens nothing: the file is for your account.'],
    unsubscribeUrl,
  });
}
