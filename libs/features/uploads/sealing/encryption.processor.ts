import { Injectable } from '@nestjs/common';
import type { JobData } from '@waybill/core/contracts';
import { HandlesJob, JobQueue, type JobContext } from '@waybill/platform/queue';
import { SealingService } from './sealing.service';

/** Seals uploads, in the worker. */
@Injectable()
export class EncryptionProcessor {
  constructor(
    private readonly sealing: SealingService,
    private readonly jobs: JobQueue,
  ) {}

  @HandlesJob('upload.seal')
  async seal({ uploadId, attempt }: JobData<'upload.seal'>, { signal }: JobContext): Promise<void> {
    const outcome = await this.sealing.seal(uploadId, attempt, signal);
    if (outcome.kind === 'postponed') {
      const data = { uploadId, attempt: outcome.attempt };
      await this.jobs.enqueue({ name: 'upload.seal', data, delayMs: outcome.delayMs });
    }
    if (outcome.kind === 'completed') await this.jobs.enqueue({ name: 'sweep', data: {} });
  }
}
