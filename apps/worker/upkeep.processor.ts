import { Injectable } from '@nestjs/common';
import { AuditSweeper } from '@waybill/features/audit';
import { CredentialSweeper } from '@waybill/features/auth';
import { DeliverySweeper, FileSweeper } from '@waybill/features/files';
import { MailReconciler, WebhookReconciler } from '@waybill/features/notifications';
import { ShareSweeper } from '@waybill/features/sharing';
import { UploadReconciler } from '@waybill/features/uploads';
import { IdempotencyKeys } from '@waybill/platform/idempotency';
import { StoreGenerations } from '@waybill/platform/objects';
import { HandlesJob } from '@waybill/platform/queue';
import { ObjectSweeper } from './object-sweeper';

/** The jobs that come back by themselves: setting going what stands still, and removing what is dead. */
@Injectable()
export class UpkeepProcessor {
  constructor(
    private readonly uploads: UploadReconciler,
    private readonly mails: MailReconciler,
    private readonly webhooks: WebhookReconciler,
    private readonly generations: StoreGenerations,
    private readonly objects: ObjectSweeper,
    private readonly files: FileSweeper,
    private readonly deliveries: DeliverySweeper,
    private readonly shares: ShareSweeper,
    private readonly credentials: CredentialSweeper,
    private readonly idempotency: IdempotencyKeys,
    private readonly audit: AuditSweeper,
  ) {}

  @HandlesJob('reconcile')
  async reconcile(): Promise<void> {
    await this.uploads.run();
    await this.mails.run();
    await this.webhooks.run();
  }

  @HandlesJob('sweep')
  async sweep(): Promise<void> {
    // What is deleted here is gone for good. The rest forgets rows, of which backups have copies.
    if (await this.generations.agree()) {
      await this.files.run();
      await this.objects.run();
    }
    await this.deliveries.run();
    await this.shares.run();
    await this.credentials.run();
    await this.idempotency.sweep();
    await this.webhooks.sweep();
    await this.audit.run();
  }
}
