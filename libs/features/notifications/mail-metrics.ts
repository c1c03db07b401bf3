import { Injectable } from '@nestjs/common';
import { Metrics } from '@waybill/platform/observability';
import { MailRepository } from './mail.repository';

/** What is owed to people. */
@Injectable()
export class MailMetrics {
  constructor(metrics: Metrics, mails: MailRepository) {
    const pending = metrics.gauge('waybill_mails_pending', 'Mails that are still to be sent');
    const oldest = metrics.gauge('waybill_mails_oldest_pending_seconds', 'Age of the oldest of them');
    metrics.onScrape('mails', [pending, oldest], async () => {
      const { count, age } = await mails.backlog();
      pending.set(count);
      oldest.set(age);
    });
  }
}
