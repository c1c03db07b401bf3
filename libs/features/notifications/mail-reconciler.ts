import { Injectable } from '@nestjs/common';
import { JobQueue } from '@waybill/platform/queue';
import { MailRepository } from './mail.repository';

const BATCH = 500;

/** Makes the jobs again that rows ask for: Redis may have lost them, or a process may have died before it made them. */
@Injectable()
export class MailReconciler {
  constructor(
    private readonly mails: MailRepository,
    private readonly jobs: JobQueue,
  ) {}

  /** Asks for one try of every mail that is due; tells how many. A job that waits already is not doubled. */
  async run(): Promise<number> {
    const due = await this.mails.findDue(BATCH);
    for (const { id, attempts } of due) {
      const taken = await this.jobs.enqueue({ name: 'mail.send', data: { mailId: id, attempt: attempts } });
      if (!taken) break; // Redis is away; the next run asks again.
    }
    return due.length;
  }
}
