import { Logger } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { AppConfig } from '@waybill/platform/config';
import Bull, { type Queue } from 'bull';
import { requireService, testEnvironment } from '../../../test/support/environment';
import { bullOptions } from './bull-options';
import { JobQueue } from './job-queue';
import type { JobRunner, QueueActivity } from './job-runner';
import { QueueWatch } from './queue-watch';

/** As many looks as make two minutes, after the first. */
const TWO_MINUTES = 13;
const HOUR = 3_600_000;

let queue: Queue;
let activity: QueueActivity;
let watch: QueueWatch;
let ended: jest.SpyInstance;
let looks = 0;

beforeAll(async () => {
  const config = new AppConfig(testEnvironment({ REDIS_URL: requireService('WAYBILL_TEST_REDIS_URL') }));
  queue = new Bull(`queue-watch-spec-${process.pid}`, bullOptions(config));
  await queue.client.ping();
});
beforeEach(() => {
  jest.spyOn(Logger.prototype, 'fatal').mockImplementation(() => undefined);
  ended = jest.spyOn(process, 'kill').mockReturnValue(true);
  activity = { taken: 0, running: 0, slots: 2 };
  const jobs = new JobQueue({ get: () => queue } as unknown as ModuleRef);
  watch = new QueueWatch(jobs, { activity: () => ({ ...activity }) } as unknown as JobRunner);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await queue.empty();
});
afterAll(async () => {
  await queue.obliterate({ force: true });
  await queue.close();
});

async function lookFor(looks: number, between: () => void = () => undefined): Promise<void> {
  for (let n = 0; n < looks; n++) {
    await watch.look();
    between();
  }
}

const overdue = async (): Promise<void> => {
  const { id } = await queue.add({}, { delay: HOUR });
  await queue.client.zadd(queue.toKey('delayed'), (Date.now() - HOUR) * 4096, String(id));
};

it.each<[string, () => Promise<unknown>]>([
  ['wait', () => queue.add({})],
  ['were delayed, and are due', overdue],
])('ends a worker that takes none of the jobs that %s, after two minutes and not before', async (_, add) => {
  await add();
  await lookFor(TWO_MINUTES - 1);
  expect(ended).not.toHaveBeenCalled();
  await lookFor(1);
  expect(ended).toHaveBeenCalledWith(process.pid, 'SIGTERM');
});

interface Case {
  add: () => Promise<unknown>;
  between?: () => void;
}

it.each<[string, Case]>([
  ['that has nothing to take', { add: async () => undefined }],
  ['whose jobs are not due yet', { add: () => queue.add({}, { delay: HOUR }) }],
  ['whose slots are full', { add: () => queue.add({}), between: () => (activity.running = 2) }],
  [
    'that takes one now and then',
    { add: () => queue.add({}), between: () => (activity.taken += looks++ % 5 === 0 ? 1 : 0) },
  ],
  ['whose queue somebody has paused', { add: () => queue.pause().then(() => queue.add({})) }],
])('lets a worker be %s', async (_title, { add, between }) => {
  await add();
  await lookFor(2 * TWO_MINUTES, between);
  expect(ended).not.toHaveBeenCalled();
  await queue.resume();
});
