import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { getQueueToken } from '@nestjs/bull';
import { JOBS, QUEUES, type Job, type JobName, type QueueName } from '@waybill/core/contracts';
import { stopClockWithConnection } from '@waybill/platform/cache';
import type { Queue } from 'bull';
import { correlate } from './correlation';
import { forgetRemains } from './forget-remains';

/** How long a request may wait for Redis to take a hint. */
const PATIENCE_MS = 1_000;

/**
 * Hands jobs to Bull. A job here is a hint, never the truth: what must be done stands in a row of PostgreSQL, and the
 * reconciler makes the job again if Redis lost it. So handing over never fails and never waits without bound; Bull's
 * own `add` waits for as long as Redis is away.
 */
@Injectable()
export class JobQueue implements OnApplicationBootstrap {
  private readonly log = new Logger(JobQueue.name);

  constructor(private readonly modules: ModuleRef) {}

  /**
   * When Redis is away, Bull rejects its own closing (and with it all that is closed later), or leaves a connection
   * behind that tries for ever.
   */
  onApplicationBootstrap(): void {
    for (const queue of QUEUES.map((name) => this.queue(name))) {
      stopClockWithConnection(queue.client);
      const close = async (): Promise<void> => {
        await queue.close().catch((error: Error) => {
          this.log.warn(`Queue ${queue.name} was not closed in good order: ${error.message}`);
        });
        for (const client of queue.clients) client.disconnect();
      };
      Object.assign(queue, { onApplicationShutdown: close });
    }
  }

  /** The Bull queue of that name. */
  queue(name: QueueName): Queue {
    return this.modules.get<Queue>(getQueueToken(name), { strict: false });
  }

  /** Hands a job over; false when Redis did not take it in time. A job that is there already is not doubled. */
  async enqueue(job: Job): Promise<boolean> {
    const { queue: queueName, id } = JOBS[job.name];
    const queue = this.queue(queueName);
    if (queue.client.status !== 'ready') return this.lost(job.name, 'Redis is not connected');

    const jobId = (id as (data: unknown) => string)(job.data);
    const added = forgetRemains(queue, jobId)
      .then(() =>
        queue.add(job.name, correlate(job.data), {
          jobId,
          delay: job.delayMs,
          // Bull ignores an id that it still knows, a failed one too: what has ended is forgotten.
          removeOnComplete: true,
          removeOnFail: true,
        }),
      )
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
