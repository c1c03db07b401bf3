import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FilesModule } from '@waybill/features/files';
import { ProgressBoardModule, ProgressModule } from '@waybill/features/progress';
import { FormDoors } from './multipart/form-doors';
import { FormUploadController } from './multipart/form-upload.controller';
import { FormUploads } from './multipart/form-uploads';
import { KeyedUploads } from './multipart/keyed-uploads';
import { PendingUploadsModule } from './pending-uploads';
import { ProgressOfUploadsModule } from './progress-of-uploads';
import { RunningTransfers } from './running-transfers';
import { EncryptionProcessor } from './sealing/encryption.processor';
import { SealingMetrics } from './sealing/sealing-metrics';
import { SealingRepository } from './sealing/sealing.repository';
import { SealingService } from './sealing/sealing.service';
import { StagingService } from './staging/staging.service';
import { UploadProgress } from './upload-progress';
import { UploadProgressController } from './upload-progress.controller';
import { UploadController } from './upload.controller';
import { Upload, UploadPart } from './upload.entity';
import { UploadPolicies } from './upload-policies';
import { UploadReconciler } from './upload-reconciler';
import { UploadRepository } from './upload.repository';
import { UploadsService } from './upload.service';
import { ValidationService } from './validation.service';

/** What both sides of uploads need: rows, staging, sealing. */
@Module({
  imports: [TypeOrmModule.forFeature([Upload, UploadPart]), FilesModule, ProgressModule],
  providers: [
    UploadRepository,
    UploadsService,
    RunningTransfers,
    StagingService,
    ValidationService,
    SealingRepository,
    SealingService,
    SealingMetrics,
  ],
  exports: [
    UploadRepository,
    UploadsService,
    RunningTransfers,
    ValidationService,
    SealingRepository,
    SealingService,
    SealingMetrics,
  ],
})
class UploadsCoreModule {}

/** The doors, for the API. */
@Module({
  imports: [UploadsCoreModule, PendingUploadsModule, ProgressOfUploadsModule, ProgressBoardModule],
  providers: [UploadProgress, UploadPolicies, FormDoors, FormUploads, KeyedUploads],
  controllers: [FormUploadController, UploadController, UploadProgressController],
})
export class UploadsModule {}

/** Sealing and setting right, for the worker. */
@Module({
  imports: [UploadsCoreModule],
  providers: [EncryptionProcessor, UploadReconciler],
  exports: [UploadReconciler],
})
export class UploadsWorkerModule {}
