import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FilesModule } from '@waybill/features/files';
import { ProgressBoardModule, ProgressModule } from '@waybill/features/progress';
import { FormDoors } from './multipart/form-doors';
import { FormUploadController } from './multipart/form-upload.controller';
import { FormUploads } from './multipart/form-uploads';
import { KeyedUploads } from './multipart/keyed-uploads';
import { LeaseRenewals } from './lease-renewals';
import { PartCommitRepository } from './part-commit.repository';
import { PendingUploadsModule } from './pending-uploads';
import { ProgressOfUploadsModule } from './progress-of-uploads';
import { RunningTransfers } from './running-transfers';
import { EncryptionProcessor } from './sealing/encryption.processor';
import { Publications } from './sealing/publications';
import { SealingClaims } from './sealing/sealing-claims';
import { SealingMetrics } from './sealing/sealing-metrics';
import { SealingRepository } from './sealing/sealing.repository';
import { SealingRequests } from './sealing/sealing-requests';
import { SealingService } from './sealing/sealing.service';
import { RegisteredParts } from './staging/registered-parts';
import { StagingService } from './staging/staging.service';
import { BodyWriting } from './tus/body-writing';
import { KeyedCreations } from './tus/keyed-creations';
import { LeaseLocker } from './tus/lease-locker';
import { TusController } from './tus/tus.controller';
import { TusDoor } from './tus/tus-door';
import { TusStore } from './tus/tus-store';
import { WriteLeaseRepository } from './tus/write-lease.repository';
import { WriteLeases } from './tus/write-leases';
import { UploadProgress } from './upload-progress';
import { UploadProgressController } from './upload-progress.controller';
import { UploadController } from './upload.controller';
import { UploadEndings } from './upload-endings.service';
import { Upload, UploadPart } from './upload.entity';
import { UploadPolicies } from './upload-policies';
import { UploadReconciler } from './upload-reconciler';
import { UploadRepository } from './upload.repository';
import { UploadsService } from './upload.service';
import { UploadSlots } from './upload-slots';
import { UploadWrites } from './upload-writes';
import { ValidationService } from './validation.service';
import { ReservedUploads } from './whole/reserved-uploads';
import { WholeUploadRepository } from './whole/whole-upload.repository';
import { WholeUploads } from './whole/whole-uploads.service';

/** What both sides of uploads need: rows, staging, sealing. */
@Module({
  imports: [TypeOrmModule.forFeature([Upload, UploadPart]), FilesModule, ProgressModule],
  providers: [
    UploadRepository,
    UploadSlots,
    UploadWrites,
    LeaseRenewals,
    RegisteredParts,
    PartCommitRepository,
    UploadsService,
    UploadEndings,
    RunningTransfers,
    StagingService,
    ValidationService,
    SealingRepository,
    SealingRequests,
    SealingClaims,
    Publications,
    SealingService,
    SealingMetrics,
  ],
  exports: [
    UploadRepository,
    UploadSlots,
    UploadWrites,
    RegisteredParts,
    UploadsService,
    UploadEndings,
    RunningTransfers,
    ValidationService,
    SealingRepository,
    SealingRequests,
    SealingService,
    SealingMetrics,
  ],
})
class UploadsCoreModule {}

/** The doors, for the API. */
@Module({
  imports: [UploadsCoreModule, PendingUploadsModule, ProgressOfUploadsModule, ProgressBoardModule],
  providers: [
    UploadProgress,
    UploadPolicies,
    FormDoors,
    FormUploads,
    KeyedUploads,
    ReservedUploads,
    WholeUploadRepository,
    WholeUploads,
    BodyWriting,
    KeyedCreations,
    LeaseLocker,
    TusDoor,
    TusStore,
    WriteLeaseRepository,
    WriteLeases,
  ],
  controllers: [FormUploadController, UploadController, UploadProgressController, TusController],
})
export class UploadsModule {}

/** Sealing and setting right, for the worker. */
@Module({
  imports: [UploadsCoreModule],
  providers: [EncryptionProcessor, UploadReconciler],
  exports: [UploadReconciler],
})
export class UploadsWorkerModule {}
