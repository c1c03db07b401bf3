import { Injectable, Logger } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { getQueueToken } from '@nestjs/bull';
import { JOBS, type Job, type JobName, type QueueName } from '@waybill/core/contracts';
import type { Queue } from 'bull';
import { correlate } from './correlation';

/** How long a request may wait for Redis to take a hint. */
const PATIENCE_MS = 1_000;

/**
 * Hands jobs to Bull. A job here is a hint, never the truth: what must be done stands in a row of PostgreSQL, and the
 * reconciler makes the job again if Redis lost it. So handing over never fails and never waits without bound; Bull's
 * own `add` waits for as long as Redis is away.
 */
@Injectable()
export class JobQueue {
  private readonly log = new Logger(JobQueue.name);

  constructor(private readonly modules: ModuleRef) {}

  /** The Bull queue of that name. */
  queue(name: QueueName): Queue {
    return this.modules.get<Queue>(getQueueToken(name), { strict: false });
  }

  /** Hands a job over; false when Redis did not take it in time. A job that is there already is not doubled. */
  async enqueue(job: Job): Promise<boolean> {
    const { queue: queueName, id } = JOBS[job.name];
    const queue = this.queue(queueName);
    if (queue.client.status !== 'ready') return this.lost(job.name, 'Redis is not connected');

    const added = queue
      .add(job.name, correlate(job.data), {
        jobId: (id as (data: unknown) => string)(job.data),
        delay: job.delayMs,
        // Bull ignores an id that it still knows, a failed one too: what has ended is forgotten.
        removeOnComplete: true,
        removeOnFail: true,
      })
      .then(() => true)
      .catch((error: Error) => this.lost(job.name, error.message));
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(this.lost(job.name, 'Redis did not answer in time')), PATIENCE_MS);
    });
    return Promise.race([added, impatience]).finally(() => clearTimeout(timer));
  }

  private lost(name: JobName, reason: string): false {
    this.log.warn(`The job ${name} was not queued (${reason}); the reconciler will make it again.`);
    return false;
  }
}
