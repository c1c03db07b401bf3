/**
 * Every job there is: name → payload. Payloads carry ids only, never keys, names or bytes: Redis is no place for
 * secrets, and PostgreSQL knows the rest.
 */
export interface JobCatalogue {
  /** Seals a received upload into the vault. `attempt` is the number of sealings begun when the job was made. */
  'upload.seal': { uploadId: string; attempt: number };
  /** Seals small uploads together, few enough for that, of which no sealing had begun when the job was made. */
  'uploads.seal': { uploads: readonly { uploadId: string }[] };
  /** Sends one mail. `attempt` is the number of tries before this one. */
  'mail.send': { mailId: string; attempt: number };
  /** Delivers one event to one webhook. `attempt` is the number of tries before this one. */
  'webhook.deliver': { deliveryId: string; attempt: number };
  /** Re-creates the jobs that rows ask for and Redis does not have. */
  reconcile: Record<string, never>;
  /** Takes what died, or was abandoned, off the store. */
  sweep: Record<string, never>;
}

export type JobName = keyof JobCatalogue;
export type JobData<N extends JobName> = JobCatalogue[N];
export type QueueName = 'encryption' | 'notifications' | 'cleanup';

/** A job as it is handed to the queue; wrong data for a name does not compile. */
export type Job = { [N in JobName]: { name: N; data: JobCatalogue[N]; delayMs?: number } }[JobName];

interface JobTraits<N extends JobName> {
  queue: QueueName;
  /** The identity by which doubles are recognised: the row, and the try. */
  id: (data: JobCatalogue[N]) => string;
  /**
   * How many a worker has running at once, where that is not a few: most of the time these wait for others. With 0 it runs
   * in the places of its queue's other jobs, which Bull gives to whichever is next.
   */
  concurrency?: number;
  /** Set for what comes back by itself. */
  repeats?: true;
}

/** The one place that says where each job goes and what makes two of them the same. */
export const JOBS: { [N in JobName]: JobTraits<N> } = {
  'upload.seal': { queue: 'encryption', id: (data) => `${data.uploadId}:${data.attempt}` },
  'uploads.seal': {
    queue: 'encryption',
    id: ({ uploads }) => rangeOf(uploads.map(({ uploadId }) => uploadId)),
    concurrency: 0,
  },
  'mail.send': { queue: 'notifications', id: (data) => `${data.mailId}:${data.attempt}` },
  'webhook.deliver': {
    queue: 'notifications',
    id: (data) => `${data.deliveryId}:${data.attempt}`,
    concurrency: 16,
  },
  reconcile: { queue: 'cleanup', id: () => 'reconcile', repeats: true },
  sweep: { queue: 'cleanup', id: () => 'sweep', repeats: true },
};

/** Two lists of the same length, beginning and end seldom differ; what is lost on one that does, the reconciler finds. */
function rangeOf(ids: readonly string[]): string {
  return `${ids[0]}:${ids.at(-1)}:${ids.length}`;
}

export const QUEUES: readonly QueueName[] = ['encryption', 'notifications', 'cleanup'];
