import { Injectable, Logger } from '@nestjs/common';
import type { JobData } from '@waybill/core/contracts';
import { HandlesJob, JobQueue, type JobContext } from '@waybill/platform/queue';
import { SealingMetrics } from './sealing-metrics';
import { SealingService } from './sealing.service';

/** One sweep for all that are sealed meanwhile: it asks far more of the database than a small sealing does. */
const SWEEP_DELAY_MS = 1_000;

/** Seals uploads, in the worker. */
@Injectable()
export class EncryptionProcessor {
  private readonly log = new Logger(EncryptionProcessor.name);

  constructor(
    private readonly sealing: SealingService,
    private readonly jobs: JobQueue,
    private readonly metrics: SealingMetrics,
  ) {}

  @HandlesJob('upload.seal')
  async seal({ uploadId, attempt }: JobData<'upload.seal'>, { signal }: JobContext): Promise<void> {
    const started = performance.now();
    const outcome = await this.sealing.seal(uploadId, attempt, signal);
    const ms = Math.round(performance.now() - started);
    this.metrics.sealed(outcome, ms / 1000);
    if (outcome.kind === 'postponed') {
      const data = { uploadId, attempt: outcome.attempt };
      await this.jobs.enqueue({ name: 'upload.seal', data, delayMs: outcome.delayMs });
    }
    if (outcome.kind === 'completed') {
      this.log.log('An upload was sealed', { uploadId, bytes: outcome.bytes, ms });
      await this.jobs.enqueue({ name: 'sweep', data: {}, delayMs: SWEEP_DELAY_MS });
    }
  }
}
