import { createTransport } from 'nodemailer';
import { Mailer, type OutgoingMail } from './mailer';
import { messageOf } from './message';

const CONNECT_MS = 10_000;
const SILENCE_MS = 30_000;
/** For the whole conversation: a server that goes on dripping bytes must not hold a sender for ever. */
const DEADLINE_MS = 90_000;

/** Sends by SMTP, one connection for each mail. Encrypts with STARTTLS where the server offers it. */
export class SmtpMailer extends Mailer {
  private readonly transport;

  constructor(
    url: string,
    private readonly from: string,
  ) {
    super();
    this.transport = createTransport({
      url,
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      dnsTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
    });
  }

  async send(mail: OutgoingMail): Promise<void> {
    await this.transport.sendMail({
      ...messageOf(mail, this.from),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
  }
}
