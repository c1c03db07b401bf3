import type { AppConfig } from '@waybill/platform/config';
import type { SweepAlarms } from '@waybill/platform/objects';
import { Metrics } from '@waybill/platform/observability';
import type { FileRepository } from './file.repository';
import { SweepGuard } from './sweep-guard';

/** A guard over so many files, of which that many look expired; and the alarms it has raised and not ended. */
function guardOver(over: number, live: number, percent = 50) {
  const raised = new Set<string>();
  const alarms = {
    raise: async (name: string) => void raised.add(name),
    clear: async (name: string) => void raised.delete(name),
  } as unknown as SweepAlarms;
  const files = { balance: async () => ({ over, live }) } as unknown as FileRepository;
  const config = { sweepMaxPercent: percent } as AppConfig;
  const metrics = new Metrics();
  return { guard: new SweepGuard(files, config, alarms, metrics), raised, metrics };
}

describe('the guard of the file sweeper', () => {
  it.each([
    ['nothing', 0, 0, 50, true],
    ['all of a few', 900, 900, 50, true],
    ['half of many', 5_000, 10_000, 50, true],
    ['more than half of many', 5_001, 10_000, 50, false],
    ['all of many', 10_000, 10_000, 50, false],
    ['all of many, where an operator lets them go', 10_000, 10_000, 100, true],
  ])('when %s looks expired', async (_, over, live, percent, allowed) => {
    const { guard, raised, metrics } = guardOver(over, live, percent);
    expect(await guard.allows(new Date())).toBe(allowed);
    expect([...raised]).toEqual(allowed ? [] : ['TOO_MANY_EXPIRED']);
    expect(await metrics.text()).toContain(`waybill_sweep_halted ${allowed ? 0 : over}\n`);
  });
});
