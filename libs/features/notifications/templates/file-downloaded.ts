import { letter } from './letter';
import type { MailText } from './mail-template';
import { greeting, oneLine } from './text';

export interface DownloadedFacts {
  fullName: string | null;
  /** Of the file, or of the archive that the files of a share come as. */
  fileName: string;
  /** How often, since the last mail of this. */
  times: number;
  url: string;
  unsubscribeUrl?: string;
}

/** Tells an owner that what he handed over has arrived. */
export function fileDownloadedMail({
  fullName,
  fileName,
  times,
  url,
  unsubscribeUrl,
}: DownloadedFacts): MailText {
  const often = times === 1 ? '' : ` ${times} times`;
  return letter({
    subject: `Your file was downloaded${often}`,
    hello: greeting(fullName),
    request: `"${oneLine(fileName)}" was downloaded${often}. This is its address:`,
    label: 'See the file',
    url,
    notes: [
      'Of one file you are told at most once an hour; what comes meanwhile is counted in the next mail.',
    ],
    unsubscribeUrl,
  });
}
