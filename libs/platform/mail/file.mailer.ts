import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import { Mailer, type OutgoingMail } from './mailer';
import { messageOf } from './message';

/**
 * Writes mails as `.eml` files, for installations without a mail server. A file is complete or not there, readable by
 * its owner alone, and named by its Message-ID, so that a repetition replaces it. The link that a mail carries is
 * printed: without it nobody could confirm an account on a fresh laptop.
 */
export class FileMailer extends Mailer {
  private readonly log = new Logger(FileMailer.name);
  private readonly transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });

  constructor(
    private readonly directory: string,
    private readonly from: string,
  ) {
    super();
  }

  async send(mail: OutgoingMail): Promise<void> {
    const { message } = await this.transport.sendMail(messageOf(mail, this.from));
    const name = mail.messageId.replace(/@.*$/, '').replace(/[^A-Za-z0-9-]/g, '_');
    const path = join(this.directory, `${name}.eml`);
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const file = await open(`${path}.tmp`, 'w', 0o600);
    try {
      await file.writeFile(message as Buffer);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.tmp`, path);
    this.log.log(`Mail for ${mail.to}: ${mail.link ?? mail.subject} (${path})`);
  }
}
