import { Injectable } from '@nestjs/common';
import { ANNOUNCED_EVENTS, type AnyCommittedEvent, type EventType } from '@waybill/core/contracts';
import { uuidv7 } from '@waybill/core/kernel';
import type { Tx } from '@waybill/platform/database';
import { EventFeed } from '@waybill/platform/events';
import { JobQueue } from '@waybill/platform/queue';
import { WebhookDeliveryRepository, type NewDelivery } from './webhook-delivery.repository';
import { WebhookRepository } from './webhook.repository';

const READER = 'webhook';
const BATCH = 200;
const ANNOUNCED: ReadonlySet<EventType> = new Set(ANNOUNCED_EVENTS);

/** Reads the feed and writes down which webhooks are owed what. What was written is delivered, whatever dies in between. */
@Injectable()
export class WebhookPlanner {
  constructor(
    private readonly feed: EventFeed,
    private readonly webhooks: WebhookRepository,
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly jobs: JobQueue,
  ) {}

  /** Plans the deliveries of all events that are new in the feed; tells how many events that were. */
  async run(): Promise<number> {
    let total = 0;
    for (;;) {
      let planned: NewDelivery[] = [];
      const consumed = await this.feed.advance(READER, BATCH, async (tx, events) => {
        planned = await this.plan(
          tx,
          events.filter(({ type, ownerId }) => ownerId !== null && ANNOUNCED.has(type)),
        );
      });
      // Only now, after the commit, does a worker find the row.
      for (const { id } of planned) {
        const taken = await this.jobs.enqueue({
          name: 'webhook.deliver',
          data: { deliveryId: id, attempt: 0 },
        });
        if (!taken) break; // Redis is away; the reconciler makes the jobs later.
      }
      total += consumed;
      if (consumed < BATCH) return total;
    }
  }

  private async plan(tx: Tx, events: AnyCommittedEvent[]): Promise<NewDelivery[]> {
    if (events.length === 0) return [];
    const webhooks = await this.webhooks.ofOwners(tx, [...new Set(events.map(({ ownerId }) => ownerId!))]);
    const planned = events.flatMap((event) =>
      webhooks
        .filter(({ ownerId, events: wanted }) => ownerId === event.ownerId && wants(wanted, event.type))
        .map(({ id }) => deliveryOf(event, id)),
    );
    for (const delivery of planned) await this.deliveries.insert(delivery, tx);
    return planned;
  }
}

function wants(types: readonly string[], type: EventType): boolean {
  return types.includes('*') || types.includes(type);
}

function deliveryOf(event: AnyCommittedEvent, webhookId: string): NewDelivery {
  const { id, type, occurredAt, data, position } = event;
  const payload = { id, type, occurredAt: occurredAt.toISOString(), data };
  return { id: uuidv7(), webhookId, subjectId: lineOf(event), position, payload };
}

/** What is told of one file, its upload included, is told in its order. */
function lineOf({ subjectId, data }: AnyCommittedEvent): string {
  return 'fileId' in data ? data.fileId : subjectId;
}
