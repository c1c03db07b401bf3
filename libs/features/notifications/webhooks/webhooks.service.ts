import { Injectable } from '@nestjs/common';
import { randomBytes, wipe } from '@waybill/core/crypto';
import { AppError, Clock, uuidv7, type Page } from '@waybill/core/kernel';
import { CursorCodec } from '@waybill/platform/http';
import { Keyring } from '@waybill/platform/keyring';
import { Outbound } from '@waybill/platform/outbound';
import { JobQueue } from '@waybill/platform/queue';
import { WebhookDeliveryRepository, type DeliveryRecord } from './webhook-delivery.repository';
import { writeSecret } from './webhook-signature';
import { WebhookRepository, type WebhookChanges, type WebhookRecord } from './webhook.repository';
import type { WebhookDeliveryStatus } from './webhook.entity';

const MOST = 20;
const SECRET_BYTES = 32;

interface PageWish {
  limit: number;
  cursor?: string;
}

/** Webhooks of ops. Whoever names one that is not his hears what he hears of one that is not. */
@Injectable()
export class WebhooksService {
  constructor(
    private readonly webhooks: WebhookRepository,
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly outbound: Outbound,
    private readonly keyring: Keyring,
    private readonly cursors: CursorCodec,
    private readonly jobs: JobQueue,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `VALIDATION_FAILED` for an address that nothing is sent to; `CONFLICT` when there are too many. */
  async create(
    ownerId: string,
    { url, events }: { url: string; events: string[] },
  ): Promise<{ webhook: WebhookRecord; secret: string }> {
    await this.requireTarget(url);
    const id = uuidv7();
    const secret = randomBytes(SECRET_BYTES);
    const { wrapped, kekId } = await this.keyring.wrap(secret, { purpose: 'webhook', id, version: 1 });
    const shown = writeSecret(secret);
    wipe(secret);
    const webhook = await this.webhooks.insert(
      { id, ownerId, url, events: [...new Set(events)], wrappedDek: wrapped, kekId },
      MOST,
    );
    if (webhook === null) throw new AppError('CONFLICT', `There can be at most ${MOST} webhooks.`);
    return { webhook, secret: shown };
  }

  /** @throws AppError `NOT_FOUND`. */
  async find(ownerId: string, id: string): Promise<WebhookRecord> {
    return found(await this.webhooks.find(ownerId, id));
  }

  async page(ownerId: string, { limit, cursor }: PageWish): Promise<Page<WebhookRecord>> {
    const scope = JSON.stringify(['webhooks', ownerId]);
    const before = cursor === undefined ? null : String(this.cursors.decode(scope, cursor)[0]);
    return this.pageOf(scope, limit, await this.webhooks.page(ownerId, before, limit + 1));
  }

  /** @throws AppError `NOT_FOUND`; `VALIDATION_FAILED` as for a new one. */
  async update(ownerId: string, id: string, changes: WebhookChanges): Promise<WebhookRecord> {
    await this.find(ownerId, id);
    if (changes.url !== undefined) await this.requireTarget(changes.url);
    const webhook = found(await this.webhooks.update(ownerId, id, changes));
    if (changes.enabled === false) await this.deliveries.cancelAll(id);
    return webhook;
  }

  /** @throws AppError `NOT_FOUND`. */
  async delete(ownerId: string, id: string): Promise<void> {
    if (!(await this.webhooks.delete(ownerId, id))) throw AppError.notFound();
  }

  /** @throws AppError `NOT_FOUND`. */
  async deliveriesOf(
    ownerId: string,
    id: string,
    { limit, cursor, status }: PageWish & { status?: WebhookDeliveryStatus },
  ): Promise<Page<DeliveryRecord>> {
    await this.find(ownerId, id);
    const scope = JSON.stringify(['webhook deliveries', id, status]);
    const before = cursor === undefined ? null : String(this.cursors.decode(scope, cursor)[0]);
    return this.pageOf(scope, limit, await this.deliveries.page(id, { before, limit: limit + 1, status }));
  }

  /** Sends once more what was sent, or given up, under the same id. @throws AppError `NOT_FOUND`; `CONFLICT` when it is disabled. */
  async redeliver(ownerId: string, id: string, deliveryId: string): Promise<DeliveryRecord> {
    await this.requireEnabled(ownerId, id);
    const delivery = found(await this.deliveries.renew(id, deliveryId));
    await this.jobs.enqueue({ name: 'webhook.deliver', data: { deliveryId, attempt: delivery.attempts } });
    return delivery;
  }

  /** Sends something of no consequence. @throws AppError `NOT_FOUND`; `CONFLICT` when it is disabled. */
  async test(ownerId: string, id: string): Promise<DeliveryRecord> {
    await this.requireEnabled(ownerId, id);
    const deliveryId = uuidv7();
    const payload = {
      id: uuidv7(),
      type: 'webhook.test',
      occurredAt: this.clock.now().toISOString(),
      data: { webhookId: id },
    };
    await this.deliveries.insert({ id: deliveryId, webhookId: id, subjectId: null, position: 0, payload });
    await this.jobs.enqueue({ name: 'webhook.deliver', data: { deliveryId, attempt: 0 } });
    return found(await this.deliveries.find(id, deliveryId));
  }

  private async requireEnabled(ownerId: string, id: string): Promise<void> {
    const { disabledAt } = await this.find(ownerId, id);
    if (disabledAt !== null) throw new AppError('CONFLICT', 'The webhook is disabled; enable it first.');
  }

  private async requireTarget(url: string): Promise<void> {
    const detail = await this.outbound.problem(url);
    if (detail === undefined) return;
    throw new AppError('VALIDATION_FAILED', 'Nothing can be sent to that address.', {
      errors: [{ pointer: '/url', detail }],
    });
  }

  private pageOf<T extends { id: string }>(scope: string, limit: number, rows: T[]): Page<T> {
    const items = rows.slice(0, limit);
    const last = rows.length > limit ? items.at(-1) : undefined;
    return { items, nextCursor: last === undefined ? null : this.cursors.encode(scope, [last.id]) };
  }
}

function found<T>(row: T | null): T {
  if (row === null) throw AppError.notFound();
  return row;
}
