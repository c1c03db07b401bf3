import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccountsModule } from '@waybill/features/auth';
import { MailModule } from '@waybill/platform/mail';
import { MailComposer } from './mail-composer';
import { Mail } from './mail.entity';
import { MailPlanner } from './mail-planner';
import { MailProcessor } from './mail.processor';
import { MailReconciler } from './mail-reconciler';
import { MailRepository } from './mail.repository';

/** Tells people what happened. */
@Module({
  imports: [TypeOrmModule.forFeature([Mail])],
  providers: [MailRepository],
  exports: [MailRepository],
})
export class NotificationsModule {}

/** Plans and sends, in the worker. */
@Module({
  imports: [NotificationsModule, AccountsModule, MailModule],
  providers: [MailComposer, MailPlanner, MailProcessor, MailReconciler],
  exports: [MailPlanner, MailReconciler],
})
export class NotificationsWorkerModule {}
