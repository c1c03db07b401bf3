import { Injectable, Logger } from '@nestjs/common';
import type { JobData } from '@waybill/core/contracts';
import { wipe } from '@waybill/core/crypto';
import { Clock } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { Keyring } from '@waybill/platform/keyring';
import { Outbound, OutboundError } from '@waybill/platform/outbound';
import { HandlesJob, JobQueue } from '@waybill/platform/queue';
import {
  WebhookDeliveryRepository,
  type ClaimedDelivery,
  type DueDelivery,
  type Outcome,
} from './webhook-delivery.repository';
import { retryAfterSeconds } from './webhook-retry.policy';
import { signedHeaders } from './webhook-signature';
import { WebhookRepository } from './webhook.repository';

/** Longer than any try can take. */
const LEASE_SECONDS = 30;
const GONE = 410;

/**
 * Delivers. A try is claimed in the row before it begins, so that two jobs of one delivery cannot both send it; if the
 * process dies on the way, it is tried again when the claim runs out, under the same id.
 */
@Injectable()
export class WebhookProcessor {
  private readonly log = new Logger(WebhookProcessor.name);

  constructor(
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly webhooks: WebhookRepository,
    private readonly keyring: Keyring,
    private readonly outbound: Outbound,
    private readonly jobs: JobQueue,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  @HandlesJob('webhook.deliver')
  async deliver({ deliveryId, attempt }: JobData<'webhook.deliver'>): Promise<void> {
    const delivery = await this.deliveries.claim(deliveryId, attempt, LEASE_SECONDS);
    if (delivery === null) return;
    if (!delivery.active) {
      return this.deliveries.settle(delivery, 'cancelled', { responseStatus: null, error: null });
    }
    const outcome = await this.send(delivery);
    const { responseStatus } = outcome;
    if (responseStatus !== null && responseStatus >= 200 && responseStatus < 300) {
      await this.deliveries.settle(delivery, 'delivered', outcome);
      return this.goOn(delivery);
    }
    if (responseStatus === GONE) return this.disable(delivery, outcome);
    await this.failed(delivery, outcome);
  }

  private async send({ webhookId, payload, url, wrappedDek, kekId }: ClaimedDelivery): Promise<Outcome> {
    const body = JSON.stringify(payload);
    try {
      const context = { purpose: 'webhook', id: webhookId, version: 1 } as const;
      const secret = await this.keyring.unwrap({ wrapped: wrappedDek, kekId }, context);
      const headers = signedHeaders(secret, { id: payload.id, body }, this.clock.now());
      wipe(secret);
      const { status } = await this.outbound.post(
        url,
        { ...headers, 'content-type': 'application/json', 'user-agent': 'Waybill-Webhooks/1' },
        body,
      );
      const answered = `The receiver answered ${status}`;
      return { responseStatus: status, error: status >= 200 && status < 300 ? null : answered };
    } catch (error) {
      if (!(error instanceof OutboundError))
        this.log.error(`Webhook ${webhookId} could not be sent to`, error);
      const reason = error instanceof OutboundError ? error.message : 'The message could not be made';
      return { responseStatus: null, error: reason };
    }
  }

  private async disable(delivery: ClaimedDelivery, outcome: Outcome): Promise<void> {
    this.log.warn(`Webhook ${delivery.webhookId} is disabled: its receiver is gone (410)`);
    await this.webhooks.disable(delivery.webhookId, 'gone');
    await this.deliveries.settle(delivery, 'failed', outcome);
    await this.deliveries.cancelAll(delivery.webhookId);
  }

  private async failed(delivery: ClaimedDelivery, outcome: Outcome): Promise<void> {
    const wait = retryAfterSeconds(delivery.attempts, Math.random());
    if (wait === null) {
      this.log.warn(
        `Delivery ${delivery.id} was given up after ${delivery.attempts} tries: ${outcome.error}`,
      );
      await this.deliveries.settle(delivery, 'failed', outcome);
      return this.goOn(delivery);
    }
    const seconds = wait * this.config.webhooks.retryScale;
    await this.deliveries.postpone(delivery, seconds, outcome);
    await this.enqueue(delivery, Math.ceil(seconds * 1000));
  }

  /** What waited for this delivery to end waits no more. */
  private async goOn(delivery: ClaimedDelivery): Promise<void> {
    const next = await this.deliveries.nextInLine(delivery);
    if (next !== null) await this.enqueue(next);
  }

  private async enqueue({ id, attempts }: DueDelivery, delayMs?: number): Promise<void> {
    await this.jobs.enqueue({
      name: 'webhook.deliver',
      data: { deliveryId: id, attempt: attempts },
      delayMs,
    });
  }
}
