import type { ModuleRef } from '@nestjs/core';
import { AppConfig } from '@waybill/platform/config';
import Bull, { type Queue } from 'bull';
import { requireService, testEnvironment } from '../../../test/support/environment';
import { bullOptions } from './bull-options';
import { JobQueue } from './job-queue';

const JOB = { name: 'upload.seal', data: { uploadId: 'an-upload', attempt: 0 } } as const;
const JOB_ID = 'an-upload:0';

let queue: Queue;
let jobs: JobQueue;

beforeAll(async () => {
  const config = new AppConfig(testEnvironment({ REDIS_URL: requireService('WAYBILL_TEST_REDIS_URL') }));
  queue = new Bull(`job-queue-spec-${process.pid}`, bullOptions(config));
  await queue.isReady();
  await queue.client.ping();
  jobs = new JobQueue({ get: () => queue } as unknown as ModuleRef);
});

afterEach(() => queue.empty());

afterAll(async () => {
  await queue.obliterate({ force: true });
  await queue.close();
});

it('does not double a job that waits, is delayed, or runs', async () => {
  expect(await jobs.enqueue(JOB)).toBe(true);
  expect(await jobs.enqueue(JOB)).toBe(true);
  expect(await queue.getWaitingCount()).toBe(1);

  const running = await queue.getNextJob();
  expect(await jobs.enqueue(JOB)).toBe(true);
  expect(await queue.getWaitingCount()).toBe(0);
  await running!.moveToCompleted('', true);

  expect(await jobs.enqueue({ ...JOB, delayMs: 60_000 })).toBe(true);
  expect(await jobs.enqueue(JOB)).toBe(true);
  expect([await queue.getDelayedCount(), await queue.getWaitingCount()]).toEqual([1, 0]);
});

it.each<[string, () => Promise<unknown>]>([
  [
    'a worker has noted the end of a job that Redis had lost',
    () => queue.client.hset(queue.toKey(JOB_ID), 'failedReason', 'Missing process handler'),
  ],
  [
    'Redis has lost the list that the job waited in',
    async () => {
      await jobs.enqueue(JOB);
      await queue.client.del(queue.toKey('wait'));
    },
  ],
])('makes a job anew when %s', async (_title, lose) => {
  await lose();
  expect(await jobs.enqueue(JOB)).toBe(true);
  const [job, ...more] = await queue.getWaiting();
  expect(more).toEqual([]);
  expect([job!.id, job!.name, job!.data]).toEqual([JOB_ID, JOB.name, JOB.data]);
});
