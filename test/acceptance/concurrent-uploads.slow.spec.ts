import { uploadTogether } from '../support/concurrent-uploads';
import { assertInvariants, TestSystem } from '../support/system';

const COUNT = 100;
const MIB = 1024 * 1024;

let system: TestSystem;

beforeAll(async () => {
  system = await TestSystem.start({ workers: 0 });
}, 120_000);
afterAll(() => system?.stop(), 30_000);

it(`U11 ${COUNT} uploads of 16 MiB at once on one instance are all taken, within 250 MiB, and progress answers meanwhile`, async () => {
  const people = await Promise.all(Array.from({ length: 4 }, () => system.client('ops')));
  const measured = await uploadTogether(system, people, COUNT, 16 * MIB);
  const { statuses, peakRss, progressP99, questions } = measured;
  process.stderr.write(
    `${COUNT} x 16 MiB: ${Math.round(peakRss / MIB)} MiB resident, p99 of ${questions} questions ${Math.round(progressP99)} ms\n`,
  );
  expect(statuses).toEqual(Array(COUNT).fill(201));
  expect(peakRss).toBeLessThan(250 * MIB);
  expect(progressP99).toBeLessThan(100);
  await assertInvariants(system);
}, 600_000);
