import { Global, Module } from '@nestjs/common';
import { ProgressSource } from '@waybill/features/progress';
import { UploadProgressRepository } from './upload-progress.repository';

/** Tells progress, which knows nothing of uploads, what rows know of them. */
@Global()
@Module({
  providers: [UploadProgressRepository, { provide: ProgressSource, useExisting: UploadProgressRepository }],
  exports: [UploadProgressRepository, ProgressSource],
})
export class ProgressOfUploadsModule {}
