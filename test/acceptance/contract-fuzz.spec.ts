import { writeFileSync } from 'node:fs';
import { Fuzzer } from '../support/fuzz';
import { assertInvariants, TestSystem } from '../support/system';

/**
 * The document is kept: no call, however odd, is answered with a server error, a status that its operation does not name,
 * or a body that its schema does not describe. `npm run fuzz` makes more calls, and other ones.
 */
const CALLS = Number(process.env.WAYBILL_FUZZ_CALLS ?? 1_000);
const SEED = Number(process.env.WAYBILL_FUZZ_SEED ?? 2026);
const REPORT = process.env.WAYBILL_FUZZ_REPORT;

jest.setTimeout(120_000 + CALLS * 100);

let system: TestSystem;
beforeAll(async () => {
  system = await TestSystem.start();
}, 120_000);
afterAll(() => system?.stop(), 30_000);

it(`${CALLS} calls of seed ${SEED} are answered as documented`, async () => {
  const report = await new Fuzzer(system).run(CALLS, SEED);
  if (REPORT) writeFileSync(REPORT, JSON.stringify(report, null, 2));
  expect(report.findings).toEqual({});
  expect(report.calls).toBe(CALLS);
  const succeeded = Object.keys(report.answers).filter((answer) => / 2\d\d$/.test(answer));
  // Calls that are all refused would prove nothing.
  expect(succeeded.length).toBeGreaterThan(15);
  await assertInvariants(system);
});
