import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccountsModule } from '@waybill/features/auth';
import { ObservabilityModule } from '@waybill/platform/observability';
import { OutboundModule } from '@waybill/platform/outbound';
import { MailModule } from '@waybill/platform/mail';
import { MailComposer } from './mail-composer';
import { Mail } from './mail.entity';
import { MailMetrics } from './mail-metrics';
import { MailPlanner } from './mail-planner';
import { MailProcessor } from './mail.processor';
import { MailReconciler } from './mail-reconciler';
import { MailRepository } from './mail.repository';
import { EventsController } from './feed/events.controller';
import { FeedTail } from './sockets/feed-tail';
import { SocketsGateway } from './sockets/sockets.gateway';
import { MailPreferencesService } from './preferences/mail-preferences.service';
import { MutedMail } from './preferences/muted-mail.entity';
import { MutedMailRepository } from './preferences/muted-mail.repository';
import { PreferencesController } from './preferences/preferences.controller';
import { UnsubscribeController } from './preferences/unsubscribe.controller';
import { UnsubscribeLinks } from './preferences/unsubscribe-links';
import { WebhookDeliveryRepository } from './webhooks/webhook-delivery.repository';
import { Webhook, WebhookDelivery } from './webhooks/webhook.entity';
import { WebhookPlanner } from './webhooks/webhook-planner';
import { WebhookProcessor } from './webhooks/webhook.processor';
import { WebhookReconciler } from './webhooks/webhook-reconciler';
import { WebhookRepository } from './webhooks/webhook.repository';
import { WebhooksController } from './webhooks/webhooks.controller';
import { WebhooksService } from './webhooks/webhooks.service';

/** Tells people what happened. */
@Module({
  imports: [
    ObservabilityModule,
    TypeOrmModule.forFeature([Mail, MutedMail, Webhook, WebhookDelivery]),
    OutboundModule,
  ],
  providers: [
    MailRepository,
    MailMetrics,
    MutedMailRepository,
    UnsubscribeLinks,
    WebhookRepository,
    WebhookDeliveryRepository,
  ],
  exports: [
    MailRepository,
    MutedMailRepository,
    UnsubscribeLinks,
    WebhookRepository,
    WebhookDeliveryRepository,
    OutboundModule,
  ],
})
export class NotificationsModule {}

/** Tells over sockets and by the feed, in the API. Needs a `LiveUploads`. */
@Module({
  imports: [NotificationsModule],
  controllers: [EventsController, WebhooksController, PreferencesController, UnsubscribeController],
  providers: [FeedTail, SocketsGateway, WebhooksService, MailPreferencesService],
})
export class NotificationsApiModule {}

/** Plans and sends, in the worker. */
@Module({
  imports: [NotificationsModule, AccountsModule, MailModule],
  providers: [
    MailComposer,
    MailPlanner,
    MailProcessor,
    MailReconciler,
    WebhookPlanner,
    WebhookProcessor,
    WebhookReconciler,
  ],
  exports: [MailPlanner, MailReconciler, WebhookPlanner, WebhookReconciler],
})
export class NotificationsWorkerModule {}
