import { uploadTogether } from '../support/concurrent-uploads';
import { assertInvariants, TestSystem } from '../support/system';

/** The small twin of concurrent-uploads.slow.spec.ts. */
const COUNT = 40;
const MIB = 1024 * 1024;

let system: TestSystem;

beforeAll(async () => {
  system = await TestSystem.start({ workers: 0 });
}, 60_000);
afterAll(() => system?.stop(), 30_000);

it(`U11 ${COUNT} uploads at once on one instance are all taken, in bounded memory`, async () => {
  const ops = await system.client('ops');
  const { statuses, peakRss, questions } = await uploadTogether(system, [ops], COUNT, MIB);
  expect(statuses).toEqual(Array(COUNT).fill(201));
  expect(peakRss).toBeLessThan(250 * MIB);
  expect(questions).toBeGreaterThan(0);
  await assertInvariants(system);
}, 60_000);
