import { Injectable, Logger } from '@nestjs/common';
import type { JobData } from '@waybill/core/contracts';
import { Mailer } from '@waybill/platform/mail';
import { HandlesJob, JobQueue } from '@waybill/platform/queue';
import { MailComposer } from './mail-composer';
import { retryAfterSeconds } from './mail-retry.policy';
import { MailRepository, type ClaimedMail } from './mail.repository';

/** Longer than any try can take, composing included. */
const LEASE_SECONDS = 180;

/**
 * Sends mails. A try is claimed in the row before it begins, so that two jobs of one mail cannot both send it; if the
 * process dies on the way, the mail is tried again when the claim runs out, under the same Message-ID.
 */
@Injectable()
export class MailProcessor {
  private readonly log = new Logger(MailProcessor.name);

  constructor(
    private readonly mails: MailRepository,
    private readonly composer: MailComposer,
    private readonly mailer: Mailer,
    private readonly jobs: JobQueue,
  ) {}

  @HandlesJob('mail.send')
  async send({ mailId, attempt }: JobData<'mail.send'>): Promise<void> {
    const mail = await this.mails.claim(mailId, attempt, LEASE_SECONDS);
    if (mail === null) return;
    try {
      const message = await this.composer.compose(mail);
      if (message === null) return await this.mails.settle(mail, 'dropped');
      await this.mailer.send(message);
    } catch (error) {
      return this.failed(mail, error as Error);
    }
    await this.mails.settle(mail, 'sent');
  }

  private async failed(mail: ClaimedMail, error: Error): Promise<void> {
    const seconds = retryAfterSeconds(mail.attempts, Date.now() - mail.createdAt.getTime(), Math.random());
    if (seconds === null) {
      this.log.error(`Mail ${mail.id} (${mail.template}) was given up after ${mail.attempts} tries`, error);
      return this.mails.settle(mail, 'failed');
    }
    this.log.warn(`Mail ${mail.id} was not sent, next try in ${Math.round(seconds)} s: ${error.message}`);
    await this.mails.postpone(mail, seconds);
    await this.jobs.enqueue({
      name: 'mail.send',
      data: { mailId: mail.id, attempt: mail.attempts },
      delayMs: Math.ceil(seconds * 1000),
    });
  }
}
