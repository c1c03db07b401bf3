import { Injectable } from '@nestjs/common';
import { Clock } from '@waybill/core/kernel';
import { JobQueue } from '@waybill/platform/queue';
import { WebhookDeliveryRepository } from './webhook-delivery.repository';

const BATCH = 500;
/** How long one can look at what was delivered, and ask for it again. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/** Makes the jobs again that rows ask for: Redis may have lost them, or a process may have died before it made them. */
@Injectable()
export class WebhookReconciler {
  constructor(
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly jobs: JobQueue,
    private readonly clock: Clock,
  ) {}

  /** Asks for one try of every delivery that is due; tells how many. A job that waits already is not doubled. */
  async run(): Promise<number> {
    const due = await this.deliveries.findDue(BATCH);
    for (const { id, attempts } of due) {
      const data = { deliveryId: id, attempt: attempts };
      if (!(await this.jobs.enqueue({ name: 'webhook.deliver', data }))) break; // Redis is away; the next run asks again.
    }
    return due.length;
  }

  /** Forgets what ended long ago; tells how many deliveries that were. */
  async sweep(): Promise<number> {
    return this.deliveries.forget(new Date(this.clock.now().getTime() - KEPT_MS), BATCH);
  }
}
