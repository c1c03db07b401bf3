import { Injectable, Logger } from '@nestjs/common';
import type { JobData } from '@waybill/core/contracts';
import { HandlesJob, JobQueue, runCorrelated, type JobContext } from '@waybill/platform/queue';
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
    if (await this.sealOne(uploadId, attempt, signal)) await this.askForSweep();
  }

  /** Each of them is a sealing of its own; what they share, they find out where they meet. */
  @HandlesJob('uploads.seal')
  async sealTogether({ uploads }: JobData<'uploads.seal'>, { signal }: JobContext): Promise<void> {
    const sealings = uploads.map((queued) =>
      runCorrelated(queued, ({ uploadId }) => this.sealOne(uploadId, 0, signal)),
    );
    const ends = await Promise.allSettled(sealings);
    if (ends.some((end) => end.status === 'fulfilled' && end.value)) await this.askForSweep();
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Whether a file was made. */
  private async sealOne(uploadId: string, lastAttempt: number, signal: AbortSignal): Promise<boolean> {
    const started = performance.now();
    const outcome = await this.sealing.seal(uploadId, lastAttempt, signal);
    const ms = Math.round(performance.now() - started);
    this.metrics.sealed(outcome, ms / 1000);
    if (outcome.kind === 'postponed') {
      const data = { uploadId, attempt: outcome.attempt };
      await this.jobs.enqueue({ name: 'upload.seal', data, delayMs: outcome.delayMs });
    }
    if (outcome.kind !== 'completed') return false;
    this.log.log('An upload was sealed', { uploadId, bytes: outcome.bytes, ms });
    return true;
  }

  private async askForSweep(): Promise<void> {
    await this.jobs.enqueue({ name: 'sweep', data: {}, delayMs: SWEEP_DELAY_MS });
  }
}
