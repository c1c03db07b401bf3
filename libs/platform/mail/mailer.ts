/** A mail, ready to go. */
export interface OutgoingMail {
  /** One bare address. */
  to: string;
  subject: string;
  text: string;
  html: string;
  /** Without angle brackets; the same for every try, so that a receiver can tell a repetition. */
  messageId: string;
  /** Where mails of this kind are switched off, by a page and by one POST; absent for those that cannot be. */
  unsubscribeUrl?: string;
  /** What the reader is to follow; printed where mails land in files. It may hold a token. */
  link?: string;
}

/**
 * Hands mails over. Resolves once the next mail system has taken the responsibility (or the file is durable), rejects
 * otherwise, and never takes longer than a bound; trying again is the caller's business.
 */
export abstract class Mailer {
  abstract send(mail: OutgoingMail): Promise<void>;
}
