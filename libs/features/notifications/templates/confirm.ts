import { escapeHtml, greeting, utc } from './text';
import type { MailText } from './mail-template';

export interface ConfirmFacts {
  fullName: string | null;
  url: string;
  expiresAt: Date;
}

/** Asks somebody to confirm the address that an account was made with. */
export function confirmMail({ fullName, url, expiresAt }: ConfirmFacts): MailText {
  const hello = greeting(fullName);
  const until = `The link works once, until ${utc(expiresAt)}.`;
  const notYou = `If this wasn't you, ignore this mail: without the confirmation nobody can use the account.`;
  return {
    subject: 'Confirm your e-mail address',
    link: url,
    text: [
      hello,
      'an account for Waybill was made with this e-mail address. Open this link to confirm that it is yours:',
      url,
      until,
      notYou,
      '',
    ].join('\n\n'),
    html: `<!doctype html>
<html lang="en">
<body style="font: 16px/1.5 sans-serif">
<p>${escapeHtml(hello)}</p>
<p>an account for Waybill was made with this e-mail address. Please confirm that it is yours:</p>
<p><a href="${escapeHtml(url)}">Confirm your e-mail address</a></p>
<p>${escapeHtml(until)}</p>
<p>${escapeHtml(notYou)}</p>
</body>
</html>
`,
  };
}
