import {
  Injectable,
  type DynamicModule,
  type INestApplicationContext,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppConfig } from '@waybill/platform/config';
import { Redis } from 'ioredis';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { requireService, testEnvironment } from '../../../test/support/environment';
import { waitFor } from '../../../test/support/system/wait-for';
import { HandlesJob, type JobContext } from './handles-job.decorator';
import { JobQueue } from './job-queue';
import { QueueModule } from './queue.module';

const SWEEP_MS = 100;
const UPLOAD = '0190f0a0-0000-7000-8000-000000000001';

/** What the handlers do, and what was seen of it. */
const seen = { sealed: [] as string[], reconciled: 0, order: [] as string[] };
let seal: (context: JobContext) => Promise<void>;

@Injectable()
class Handlers implements OnApplicationShutdown {
  @HandlesJob('upload.seal')
  async seal(
    { uploadId, attempt }: { uploadId: string; attempt: number },
    context: JobContext,
  ): Promise<void> {
    seen.sealed.push(`${uploadId}:${attempt}`);
    await seal(context);
  }

  @HandlesJob('uploads.seal')
  async sealTogether(): Promise<void> {}

  @HandlesJob('mail.send')
  async mail(): Promise<void> {}

  @HandlesJob('webhook.deliver')
  async webhook(): Promise<void> {}

  @HandlesJob('reconcile')
  async reconcile(): Promise<void> {
    seen.reconciled += 1;
  }

  @HandlesJob('sweep')
  async sweep(): Promise<void> {
    throw new Error('the store is away');
  }

  onApplicationShutdown(): void {
    seen.order.push('closed');
  }
}

class Settings {}
class WorkerLike {}

/** Everything of a worker's queues, and nothing else. */
function workerLike(redisUrl: string): DynamicModule {
  const env = testEnvironment({ REDIS_URL: redisUrl, SWEEP_SECONDS: String(SWEEP_MS / 1000) });
  const settings: DynamicModule = {
    global: true,
    module: Settings,
    providers: [{ provide: AppConfig, useValue: new AppConfig(env) }],
    exports: [AppConfig],
  };
  return {
    module: WorkerLike,
    imports: [settings, QueueModule.forWorker()],
    providers: [Handlers],
  };
}

const complaints: string[] = [];
const complain = (message: unknown): void => void complaints.push(String(message));

async function start(redisUrl: string): Promise<INestApplicationContext> {
  const logger = { log: () => undefined, warn: complain, error: complain };
  return NestFactory.createApplicationContext(workerLike(redisUrl), { logger });
}

let worker: INestApplicationContext;

beforeAll(async () => {
  seal = () => Promise.resolve();
  const redis = new Redis(redisOfThisFile());
  await redis.flushdb();
  redis.disconnect();
  worker = await start(redisOfThisFile());
});

const enqueue = (attempt: number): Promise<boolean> =>
  worker.get(JobQueue).enqueue({ name: 'upload.seal', data: { uploadId: UPLOAD, attempt } });

describe('JobRunner', () => {
  it('does jobs whose ids have colons, and does them again when they are asked for again', async () => {
    await waitFor('the job to be taken', () => enqueue(0));
    await waitFor('the job', async () => seen.sealed.includes(`${UPLOAD}:0`));
    await waitFor('the job again', async () => {
      await enqueue(0);
      return seen.sealed.length > 1;
    });
  });

  it('says that a job failed', async () => {
    await waitFor('the job to be taken', () => worker.get(JobQueue).enqueue({ name: 'sweep', data: {} }));
    await waitFor('the sweep to fail', async () =>
      complaints.some((line) => /Job sweep .* failed: the store is away/.test(line)),
    );
  });

  it('keeps one schedule for what repeats, whatever was configured before', async () => {
    const queue = worker.get(JobQueue).queue('cleanup');
    await queue.add('reconcile', {}, { repeat: { every: 77 } });
    await waitFor(
      'the old schedule to go',
      async () => (await queue.getRepeatableJobs()).every((kept) => kept.key.endsWith(`:${SWEEP_MS}`)),
      { timeoutMs: 20_000 },
    );
    const before = seen.reconciled;
    await waitFor('the schedule to go on', async () => seen.reconciled > before + 2);
  }, 30_000);

  it('lets running jobs come to their end before what they work with is closed', async () => {
    const begun = new Promise<void>((resolve) => {
      seal = async ({ signal }) => {
        resolve();
        while (!signal.aborted) await nextTurn();
        for (let turn = 0; turn < 20; turn++) await nextTurn();
        seen.order.push('ended');
      };
    });
    await waitFor('the job to be taken', () => enqueue(7));
    await begun;
    await worker.close();
    expect(seen.order).toEqual(['ended', 'closed']);
  });
});

it('says once that Redis is away, and can be closed all the same', async () => {
  complaints.splice(0);
  const lonely = await start('redis://127.0.0.1:1');
  const { client } = lonely.get(JobQueue).queue('encryption');
  for (let tries = 0; tries < 4; tries++) await new Promise((resolve) => client.once('error', resolve));
  await lonely.close();
  expect(complaints.filter((line) => line.includes('ECONNREFUSED'))).toHaveLength(3);
});

function redisOfThisFile(): string {
  const url = new URL(requireService('WAYBILL_TEST_REDIS_URL'));
  url.pathname = `/${Number(process.env.JEST_WORKER_ID ?? 1) % 16}`;
  return url.href;
}
