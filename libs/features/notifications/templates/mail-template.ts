/** What a mail says. */
export interface MailText {
  subject: string;
  text: string;
  html: string;
  /** Where it leads to. */
  link: string;
}
