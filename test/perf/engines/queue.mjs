/** Bull as the product sets it up, on the product's Redis: hands a job over, and tells when it was taken up. */
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { runHelper } from '../harness/helper.mjs';

const require = createRequire(import.meta.url);
require('reflect-metadata');
const Bull = require('bull');
const { AppConfig } = require('../../../dist/libs/platform/config');
const { bullOptions } = require('../../../dist/libs/platform/queue/bull-options');

/** So that each job meets an idle queue. */
const PAUSE_MS = 5;

void runHelper(async () => {
  const queue = new Bull('bench', bullOptions(new AppConfig(process.env)));
  await queue.isReady();
  /** @type {(at: number) => void} */
  let started = () => {};
  void queue.process('bench', 1, async () => started(performance.now()));
  return { answer: ({ jobs }) => addMany(jobs) };

  /** @param {number} jobs @returns {Promise<{ ms: number[] }>} from add() to the start of each job */
  async function addMany(jobs) {
    /** @type {number[]} */
    const ms = [];
    while (ms.length < jobs) {
      const taken = new Promise((resolve) => (started = resolve));
      const began = performance.now();
      await queue.add('bench', {}, { removeOnComplete: true, removeOnFail: true });
      ms.push((await taken) - began);
      await delay(PAUSE_MS);
    }
    return { ms };
  }
});
