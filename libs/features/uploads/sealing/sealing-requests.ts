import { Injectable } from '@nestjs/common';
import { Gathering } from '@waybill/core/kernel';
import { correlate, JobQueue } from '@waybill/platform/queue';

/** Up to this size uploads are sealed together: what each asks for costs more than its bytes. */
const SMALL_BYTES = 64 * 1024;
/** How many small uploads one job names. */
const MOST_TOGETHER = 64;
/** So many jobs a second at most; far less than what a person notices. */
const REST_MS = 50;

/** An upload that waits to be sealed. */
export interface WaitingUpload {
  uploadId: string;
  /** Number of sealings begun. */
  attempt: number;
  /** Of plaintext. */
  bytes: number;
}

/**
 * Asks the worker to seal uploads. Small ones that are asked for at about the same time are named by one job; whoever is
 * alone waits for no company. What was begun before goes alone: if that is what kills its worker, nobody else is to die with it.
 */
@Injectable()
export class SealingRequests {
  private readonly small: Gathering<{ uploadId: string }, void>;

  constructor(private readonly jobs: JobQueue) {
    this.small = new Gathering(
      async (uploads) => {
        await this.enqueue(uploads);
        return uploads.map(() => undefined);
      },
      MOST_TOGETHER,
      1,
      REST_MS,
    );
  }

  /** Resolves when the queue has taken it, or could not. Does not reject: the reconciler finds what is not sealed. */
  async ask({ uploadId, attempt, bytes }: WaitingUpload): Promise<void> {
    if (attempt === 0 && bytes <= SMALL_BYTES) await this.small.ask(correlate({ uploadId }));
    else await this.jobs.enqueue({ name: 'upload.seal', data: { uploadId, attempt } });
  }

  private async enqueue(uploads: { uploadId: string }[]): Promise<void> {
    const [{ uploadId }] = uploads as [{ uploadId: string }];
    if (uploads.length > 1) await this.jobs.enqueue({ name: 'uploads.seal', data: { uploads } });
    else await this.jobs.enqueue({ name: 'upload.seal', data: { uploadId, attempt: 0 } });
  }
}
