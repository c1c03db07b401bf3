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
    headers: { 'Auto-Submitted': 'auto-generated' },
    // Nothing in a message may make the server read a file or fetch an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** A header value that stays one, whatever it holds: line breaks and other controls become spaces. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}
