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
  private server = this.create();
  private port = 0;
  /** Set to refuse what comes, with that SMTP reply. */
  refusal: { code: number; text: string } | null = null;

  static async start(): Promise<MailServer> {
    const mails = new MailServer();
    await mails.listen();
    return mails;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** Is there no more, and breaks the conversations that there are. */
  async interrupt(): Promise<void> {
    await this.stop();
  }

  /** Is there again, at the same address. */
  async resume(): Promise<void> {
    this.server = this.create();
    await this.listen();
  }

  private create(): SMTPServer {
    return new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      closeTimeout: 100,
      onData: callbackify((stream: Readable, { envelope }: SMTPServerSession) =>
        this.take(
          stream,
          envelope.rcptTo.map(({ address }) => address),
        ),
      ),
    });
  }

  private async listen(): Promise<void> {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server.server, 'listening');
    this.port = (this.server.server.address() as AddressInfo).port;
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
