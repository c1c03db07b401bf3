import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { callbackify } from 'node:util';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import { waitFor } from './system/wait-for';

/** A mail server that takes every mail, by a real SMTP conversation, and keeps it to be looked at. */
export class MailServer {
  readonly mails: (Email & { recipients: string[] })[] = [];
  private readonly server: SMTPServer;
  /** Set to refuse what comes, with that SMTP reply. */
  refusal: { code: number; text: string } | null = null;

  private constructor() {
    this.server = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      onData: callbackify((stream: Readable, { envelope }: SMTPServerSession) =>
        this.take(
          stream,
          envelope.rcptTo.map(({ address }) => address),
        ),
      ),
    });
  }

  static async start(): Promise<MailServer> {
    const mails = new MailServer();
    mails.server.listen(0, '127.0.0.1');
    await once(mails.server.server, 'listening');
    return mails;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.server.address() as AddressInfo).port}`;
  }

  /** The mails that went to an address, once there are that many. */
  async to(address: string, count = 1): Promise<Email[]> {
    return waitFor(`${count} mails for ${address}`, async () => {
      const found = this.mails.filter(({ recipients }) => recipients.includes(address));
      return found.length >= count && found;
    });
  }

  private async take(stream: Readable, recipients: string[]): Promise<void> {
    const bytes = await buffer(stream);
    if (this.refusal !== null) {
      const { code: responseCode, text } = this.refusal;
      throw Object.assign(new Error(text), { responseCode });
    }
    this.mails.push({ ...(await PostalMime.parse(bytes)), recipients });
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** The link that a mail asks to follow; the text and the HTML must agree on it. */
export function linkIn(mail: Email): URL {
  const inText = /https?:\/\/\S+/.exec(mail.text ?? '')?.[0];
  const inHtml = /href="([^"]+)"/.exec(mail.html ?? '')?.[1];
  if (inText === undefined || inText !== inHtml) throw new Error(`no one link: ${inText} / ${inHtml}`);
  return new URL(inText);
}
