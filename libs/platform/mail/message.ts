import type { OutgoingMail } from './mailer';

/** A mail as nodemailer takes it. Addresses and texts are given as data, never as header text to be parsed. */
export function messageOf(mail: OutgoingMail, from: string) {
  return {
    from,
    to: { name: '', address: mail.to },
    subject: oneLine(mail.subject),
    text: mail.text,
    html: mail.html,
    messageId: `<${oneLine(mail.messageId)}>`,
    headers: { 'Auto-Submitted': 'auto-generated', ...unsubscription(mail) },
    // Nothing in a message may make the server read a file or fetch an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** By which mail programs show a way out of their own (RFC 2369, section 3.2; RFC 8058). */
function unsubscription({ unsubscribeUrl }: OutgoingMail): Record<string, string> {
  if (unsubscribeUrl === undefined) return {};
  return {
    'List-Unsubscribe': `<${oneLine(unsubscribeUrl)}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  };
}

/** A header value that stays one, whatever it holds: line breaks and other controls become spaces. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}
