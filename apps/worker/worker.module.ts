import { Module } from '@nestjs/common';
import { AuditWorkerModule } from '@waybill/features/audit';
import { AccountsModule } from '@waybill/features/auth';
import { NotificationsWorkerModule } from '@waybill/features/notifications';
import { FilesModule } from '@waybill/features/files';
import { SharesModule } from '@waybill/features/sharing';
import { UploadsWorkerModule } from '@waybill/features/uploads';
import { RedisModule } from '@waybill/platform/cache';
import { ConfigModule } from '@waybill/platform/config';
import { DatabaseModule } from '@waybill/platform/database';
import { EventsModule } from '@waybill/platform/events';
import { IdempotencyModule } from '@waybill/platform/idempotency';
import { KeyringModule } from '@waybill/platform/keyring';
import { ObjectsModule } from '@waybill/platform/objects';
import { QueueModule } from '@waybill/platform/queue';
import { StorageModule } from '@waybill/platform/storage';
import { FeedLoop } from './feed-loop';
import { GrantedFilesModule } from './granted-files.module';
import { LivingReferences } from './living-references';
import { ObjectSweeper } from './object-sweeper';
import { UpkeepProcessor } from './upkeep.processor';

/** Everything that happens away from requests. */
@Module({
  imports: [
    ConfigModule,
    DatabaseModule,
    RedisModule,
    EventsModule,
    IdempotencyModule,
    KeyringModule,
    ObjectsModule,
    StorageModule,
    QueueModule.forWorker(),
    AccountsModule,
    FilesModule,
    SharesModule,
    UploadsWorkerModule,
    NotificationsWorkerModule,
    AuditWorkerModule,
    GrantedFilesModule,
  ],
  providers: [FeedLoop, LivingReferences, ObjectSweeper, UpkeepProcessor],
})
export class WorkerModule {}
