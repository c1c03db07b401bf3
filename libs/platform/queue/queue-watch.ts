import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { QUEUES, type QueueName } from '@waybill/core/contracts';
import type { Queue } from 'bull';
import { JobQueue } from './job-queue';
import { JobRunner } from './job-runner';

const LOOK_MS = 10_000;
/** So often in a row, two minutes in all: far longer than a broken connection is taken for a whole one. */
const LOOKS = 12;
/** How Bull writes when a delayed job is due: milliseconds, with room for an order below them. */
const DELAY_UNIT = 4096;

/**
 * Watches in a worker whether it still takes jobs. One whose slots are free, and that takes none although jobs have been
 * waiting for minutes, is broken in a way that nobody knew of when this was written: it says so and ends, and whoever
 * keeps it running starts another. A job that takes long keeps its slot, and is no reason.
 */
@Injectable()
export class QueueWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger(QueueWatch.name);
  private readonly idle = new Map<QueueName, { looks: number; taken: number }>();
  private timer?: NodeJS.Timeout;
  private looking = false;

  constructor(
    private readonly jobs: JobQueue,
    private readonly runner: JobRunner,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.look(), LOOK_MS);
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** One look at all queues; none begins while Redis has not answered the one before. */
  async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    try {
      for (const name of QUEUES) await this.lookAt(name);
    } catch (error) {
      this.log.warn(`The queues could not be looked at: ${(error as Error).message}`);
    } finally {
      this.looking = false;
    }
  }

  private async lookAt(name: QueueName): Promise<void> {
    const queue = this.jobs.queue(name);
    // Without Redis there is nothing to take.
    const waiting = queue.client.status === 'ready' ? await due(queue) : 0;
    const { taken, running, slots } = this.runner.activity(name);
    const before = this.idle.get(name);
    const stands = waiting > 0 && running < slots && taken === before?.taken;
    const looks = stands ? before.looks + 1 : 0;
    this.idle.set(name, { looks, taken });
    if (looks !== LOOKS) return;
    this.log.fatal(
      `The queue ${name} has ${waiting} jobs that are due, and this worker has taken none for ` +
        `${(LOOKS * LOOK_MS) / 1000} s: it ends, to be started anew.`,
    );
    process.kill(process.pid, 'SIGTERM');
  }
}

/** Jobs that a worker would take at once: those that wait, and delayed ones whose time came a look ago. */
async function due(queue: Queue): Promise<number> {
  const latest = (Date.now() - LOOK_MS) * DELAY_UNIT;
  const [waiting, delayed] = await Promise.all([
    queue.client.llen(queue.toKey('wait')),
    queue.client.zcount(queue.toKey('delayed'), '-inf', latest),
  ]);
  return waiting + delayed;
}
