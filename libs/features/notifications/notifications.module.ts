import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccountsModule } from '@waybill/features/auth';
import { ObservabilityModule } from '@waybill/platform/observability';
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

/** Tells people what happened. */
@Module({
  imports: [ObservabilityModule, TypeOrmModule.forFeature([Mail])],
  providers: [MailRepository, MailMetrics],
  exports: [MailRepository],
})
export class NotificationsModule {}

/** Tells over sockets and by the feed, in the API. Needs a `LiveUploads`. */
@Module({
  imports: [NotificationsModule],
  controllers: [EventsController],
  providers: [FeedTail, SocketsGateway],
})
export class NotificationsApiModule {}

/** Plans and sends, in the worker. */
@Module({
  imports: [NotificationsModule, AccountsModule, MailModule],
  providers: [MailComposer, MailPlanner, MailProcessor, MailReconciler],
  exports: [MailPlanner, MailReconciler],
})
export class NotificationsWorkerModule {}
