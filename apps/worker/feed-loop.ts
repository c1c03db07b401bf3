import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { AuditTrail } from '@waybill/features/audit';
import { MailPlanner, WebhookPlanner } from '@waybill/features/notifications';
import { EventMetrics, Sequencer } from '@waybill/platform/events';

/** How long an event may wait for its place in the feed when nothing else is going on. */
const IDLE_MS = 200;
/** How long to leave the database alone that has just failed. */
const FAILED_MS = 1_000;

/**
 * Keeps the feed moving: numbers what was committed, then lets its readers go on. It looks instead of listening,
 * because NOTIFY makes all commits of a database wait for each other.
 */
@Injectable()
export class FeedLoop implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger(FeedLoop.name);
  private timer?: NodeJS.Timeout;
  private round: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly sequencer: Sequencer,
    private readonly mails: MailPlanner,
    private readonly webhooks: WebhookPlanner,
    private readonly audit: AuditTrail,
    private readonly metrics: EventMetrics,
  ) {}

  onApplicationBootstrap(): void {
    this.again(0);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.round;
  }

  private again(afterMs: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.round = this.run();
    }, afterMs);
  }

  private async run(): Promise<void> {
    try {
      await this.sequencer.run(this.metrics.count);
      await this.mails.run();
      await this.webhooks.run();
      await this.audit.run();
      this.again(IDLE_MS);
    } catch (error) {
      this.log.warn(`The feed stands still: ${(error as Error).message}`);
      this.again(FAILED_MS);
    }
  }
}
