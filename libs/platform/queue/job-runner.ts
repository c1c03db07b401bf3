import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { JOBS, QUEUES, type JobData, type JobName, type QueueName } from '@waybill/core/contracts';
import { AppConfig } from '@waybill/platform/config';
import { stopClockWithConnection } from '@waybill/platform/cache';
import type { Queue } from 'bull';
import type { Redis } from 'ioredis';
import { runCorrelated } from './correlation';
import { HANDLES_JOB, type JobHandler } from './handles-job.decorator';
import { JobMetrics } from './job-metrics';
import { JobQueue } from './job-queue';

const SCHEDULE_CHECK_MS = 5_000;

/** What this process does for a queue. */
export interface QueueActivity {
  /** How many jobs it has taken since it began. */
  taken: number;
  running: number;
  /** How many it can have running at once. */
  slots: number;
}

/**
 * Runs in the worker: gives every job of the catalogue to the one method that handles it. A job without a handler, or
 * with two, stops the start. What repeats by itself is put on schedule, again and again, because Redis may forget.
 */
@Injectable()
export class JobRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger(JobRunner.name);
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private readonly activities = new Map<QueueName, QueueActivity>();
  private scheduleTimer?: NodeJS.Timeout;

  constructor(
    private readonly jobs: JobQueue,
    private readonly config: AppConfig,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    private readonly metrics: JobMetrics,
  ) {}

  onApplicationBootstrap(): void {
    for (const name of QUEUES) this.watch(this.jobs.queue(name));
    const handlers = this.findHandlers();
    for (const name of Object.keys(JOBS) as JobName[]) {
      const found = handlers.get(name) ?? [];
      if (found.length !== 1)
        throw new Error(`The job ${name} has ${found.length} handlers; it needs exactly one.`);
      this.listen(name, found[0]!);
    }
    this.keepSchedules();
  }

  /** Waits for what is running, because what it works with (the database above all) is closed next. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.scheduleTimer);
    this.stopping.abort();
    await Promise.allSettled(this.running);
  }

  activity(name: QueueName): Readonly<QueueActivity> {
    return this.activities.get(name) ?? { taken: 0, running: 0, slots: 0 };
  }

  private watch(queue: Queue): void {
    // Each connection says each of its tries; once for all of them, until the queue is back, is enough.
    let said = '';
    queue.on('error', ({ message }) => {
      if (message !== said) this.log.warn(`Queue ${queue.name}: ${message}`);
      said = message;
    });
    queue.client.on('ready', () => (said = ''));
    // Bull's connections for waiting for a job, and for hearing of them.
    const { bclient, eclient } = queue as Queue & { bclient: Redis; eclient: Redis };
    for (const client of [bclient, eclient]) stopClockWithConnection(client);
    queue.on('failed', (job, error) =>
      runCorrelated((job?.data ?? {}) as object, () =>
        this.log.error(`Job ${job?.name} ${job?.id} failed: ${error.message}`, error.stack),
      ),
    );
  }

  private listen(name: JobName, handler: JobHandler<JobName>): void {
    const queue = this.jobs.queue(JOBS[name].queue);
    const { repeats, concurrency: many = repeats ? 1 : 4 } = JOBS[name];
    const concurrency = name === 'upload.seal' ? this.config.sealing.concurrency : many;
    const activity = this.activities.get(JOBS[name].queue) ?? { taken: 0, running: 0, slots: 0 };
    activity.slots += concurrency;
    this.activities.set(JOBS[name].queue, activity);
    void queue
      .process(name, concurrency, (job) =>
        runCorrelated(job.data as JobData<JobName>, (data) => this.run(name, handler, data)),
      )
      .catch((error: Error) => {
        if (this.stopping.signal.aborted) return;
        this.log.fatal(
          `The queue ${queue.name} ended, and this worker with it: ${error.message}`,
          error.stack,
        );
        process.kill(process.pid, 'SIGTERM');
      });
  }

  private async run(name: JobName, handler: JobHandler<JobName>, data: JobData<JobName>): Promise<void> {
    const { signal } = this.stopping;
    // Bull goes on fetching until it is closed. What is not begun any more, the reconciler makes again.
    if (signal.aborted) return;
    const activity = this.activities.get(JOBS[name].queue)!;
    activity.taken += 1;
    activity.running += 1;
    const running = this.metrics.measure(name, handler(data, { signal }));
    this.running.add(running);
    try {
      await running;
    } finally {
      this.running.delete(running);
      activity.running -= 1;
    }
  }

  private keepSchedules(): void {
    const schedule = (): void => {
      for (const [name, { queue: queueName, repeats }] of Object.entries(JOBS)) {
        const queue = this.jobs.queue(queueName);
        if (!repeats || queue.client.status !== 'ready') continue;
        this.schedule(name, queue).catch((error: Error) =>
          this.log.warn(`The schedule of ${name} was not kept: ${error.message}`),
        );
      }
    };
    schedule();
    this.scheduleTimer = setInterval(schedule, SCHEDULE_CHECK_MS);
  }

  /** Puts a job on schedule, and takes it off those that other settings have left: Redis keeps each for ever. */
  private async schedule(name: string, queue: Queue): Promise<void> {
    const every = this.config.sweepMs;
    await queue.add(name, {}, { repeat: { every }, removeOnComplete: true, removeOnFail: true });
    const schedules = await queue.getRepeatableJobs();
    const outdated = schedules.filter((kept) => kept.name === name && !kept.key.endsWith(`:${every}`));
    await Promise.all(outdated.map(({ key }) => queue.removeRepeatableByKey(key)));
  }

  private findHandlers(): Map<JobName, JobHandler<JobName>[]> {
    const handlers = new Map<JobName, JobHandler<JobName>[]>();
    for (const { instance } of this.discovery.getProviders()) {
      const prototype: unknown =
        instance && typeof instance === 'object' ? Object.getPrototypeOf(instance) : null;
      if (prototype === null || typeof prototype !== 'object') continue;
      for (const method of this.scanner.getAllMethodNames(prototype)) {
        const handler = (instance as Record<string, JobHandler<JobName>>)[method];
        const name =
          typeof handler === 'function' ? this.reflector.get<JobName>(HANDLES_JOB, handler) : undefined;
        if (name !== undefined) handlers.set(name, [...(handlers.get(name) ?? []), handler!.bind(instance)]);
      }
    }
    return handlers;
  }
}
