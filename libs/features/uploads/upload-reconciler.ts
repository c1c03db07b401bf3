import { Injectable, Logger } from '@nestjs/common';
import { JobQueue } from '@waybill/platform/queue';
import { isAppError } from '@waybill/core/kernel';
import { SealingRepository } from './sealing/sealing.repository';
import { UploadsService } from './upload.service';
import { ValidationService } from './validation.service';

const BATCH = 500;

/** Finds the uploads that a crash, or a forgetful Redis, has left standing, and sets them going again. */
@Injectable()
export class UploadReconciler {
  private readonly log = new Logger(UploadReconciler.name);

  constructor(
    private readonly sealings: SealingRepository,
    private readonly uploads: UploadsService,
    private readonly validation: ValidationService,
    private readonly jobs: JobQueue,
  ) {}

  /** Idempotent; what is under way in a living process is left alone. */
  async run(): Promise<void> {
    for (const id of await this.sealings.interrupted(BATCH)) await this.uploads.fail(id, 'INTERRUPTED');
    for (const id of await this.sealings.unvalidated(BATCH)) await this.revalidate(id);
    for (const { id, attempt } of await this.sealings.due(BATCH)) {
      await this.jobs.enqueue({ name: 'upload.seal', data: { uploadId: id, attempt } });
    }
  }

  private async revalidate(uploadId: string): Promise<void> {
    try {
      await this.validation.validate(uploadId);
    } catch (error) {
      // A refusal has ended the upload; anything else is tried again on the next round.
      if (!isAppError(error)) throw error;
      this.log.warn(`Upload ${uploadId} was validated late: ${error.code}`);
    }
  }
}
