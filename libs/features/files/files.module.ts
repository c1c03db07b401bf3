import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { StorageModule } from '@waybill/platform/storage';
import { FileChecksums } from './bundles/file-checksums';
import { DeliveryClients } from './deliveries/delivery-clients';
import { DeliveryLedger } from './deliveries/delivery-ledger';
import { Delivery, DeliverySending } from './deliveries/delivery.entity';
import { DeliveryRepository } from './deliveries/delivery.repository';
import { DeliverySweeper } from './deliveries/delivery-sweeper';
import { DepartedOwners } from './departed-owners';
import { DownloadController } from './download.controller';
import { DownloadLinks } from './download-links';
import { DownloadMetrics } from './download-metrics';
import { DownloadService } from './download.service';
import { FileAccess } from './file-access';
import { FileCatalogue } from './file-catalogue';
import { FileContentController } from './file-content.controller';
import { FileGrant } from './file-grant.entity';
import { FileGrantRepository } from './file-grant.repository';
import { FileMetadata } from './file-metadata';
import { FileRow } from './file.entity';
import { FileRepository } from './file.repository';
import { FileSources } from './file-sources';
import { FileSweeper } from './file-sweeper';
import { FilesController } from './files.controller';
import { FilesService } from './files.service';
import { SharedFiles } from './shared-files';
import { ReadableFiles } from './readable-files';
import { StorageUsage } from './storage-usage.entity';
import { StorageUsageService } from './storage-usage.service';
import { SweepGuard } from './sweep-guard';
import { RangeSender, VaultReader } from './vault';

/** What api, worker and commands need of files: their changes, quota, sweeping and sealed bytes. */
@Module({
  imports: [
    TypeOrmModule.forFeature([FileRow, FileGrant, StorageUsage, Delivery, DeliverySending]),
    StorageModule,
  ],
  providers: [
    FileRepository,
    FileGrantRepository,
    FilesService,
    StorageUsageService,
    DepartedOwners,
    FileSweeper,
    SweepGuard,
    DeliveryRepository,
    DeliverySweeper,
    ReadableFiles,
    VaultReader,
  ],
  exports: [
    FileRepository,
    FilesService,
    StorageUsageService,
    FileSweeper,
    DeliveryRepository,
    DeliverySweeper,
    ReadableFiles,
    VaultReader,
  ],
})
export class FilesModule {}

/** The routes, for the API. Whoever assembles it provides `PrincipalSource`, and `PendingFiles` if there are uploads. */
@Module({
  imports: [FilesModule],
  controllers: [FilesController, FileContentController, DownloadController],
  providers: [
    FileAccess,
    FileCatalogue,
    FileMetadata,
    DownloadLinks,
    DownloadService,
    FileSources,
    SharedFiles,
    FileChecksums,
    DeliveryClients,
    DeliveryLedger,
    DownloadMetrics,
    {
      provide: RangeSender,
      inject: [DownloadMetrics],
      useFactory: ({ count }: DownloadMetrics) => new RangeSender({ onEnd: count }),
    },
  ],
  exports: [FilesModule, FileAccess, DownloadService, SharedFiles],
})
export class FilesApiModule {}
