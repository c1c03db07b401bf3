import { ManualClock } from '@waybill/core/kernel';
import { Metrics } from '@waybill/platform/observability';
import { AuditLog } from './audit-log';
import type { AuditLogRepository, AuditRecord } from './audit-log.repository';

/** An audit whose database can be away. */
function auditOf() {
  const written: AuditRecord[] = [];
  const database = { away: false };
  const repository: Pick<AuditLogRepository, 'insert'> = {
    insert: async (records) => {
      if (database.away) throw new Error('the database is away');
      written.push(...structuredClone(records));
    },
  };
  const metrics = new Metrics();
  const audit = new AuditLog(repository as AuditLogRepository, new ManualClock(), metrics);
  const counted = async (outcome: string): Promise<number> => {
    const line = new RegExp(`^waybill_audit_entries_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm');
    return Number(line.exec(await metrics.text())?.[1] ?? 0);
  };
  return { audit, written, database, counted };
}

const denied = (objectId: string | null, code = 'NOT_FOUND') => ({
  action: 'GET /api/files/:id',
  outcome: 'denied' as const,
  code,
  actorId: 'somebody',
  objectId,
  address: '203.0.113.7',
});

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('AuditLog', () => {
  it('writes what was gathered together, and the same once with a count', async () => {
    const { audit, written, counted } = auditOf();
    for (const object of ['a', 'b', 'a', 'a']) audit.record({ ...denied(object), requestId: `of ${object}` });
    expect(written).toEqual([]);
    await jest.advanceTimersByTimeAsync(600);
    expect(written.map(({ objectId, times, requestId }) => [objectId, times, requestId])).toEqual([
      ['a', 3, 'of a'],
      ['b', 1, 'of b'],
    ]);
    expect(await counted('written')).toBe(2);
    audit.record(denied('a'));
    await jest.advanceTimersByTimeAsync(600);
    expect(written).toHaveLength(3);
  });

  it('takes a flood of whoever was told to wait for one thing', async () => {
    const { audit, written } = auditOf();
    for (let n = 0; n < 5_000; n++) audit.record(denied(`${n}`, 'RATE_LIMITED'));
    await jest.advanceTimersByTimeAsync(600);
    expect(written).toEqual([expect.objectContaining({ objectId: null, times: 5_000 })]);
  });

  it('keeps what it can while the database is away, and counts what it cannot', async () => {
    jest.spyOn(require('@nestjs/common').Logger.prototype, 'warn').mockImplementation();
    const { audit, written, database, counted } = auditOf();
    database.away = true;
    audit.record(denied('first'));
    await jest.advanceTimersByTimeAsync(600);
    for (let n = 0; n < 2_500; n++) audit.record(denied(`${n}`));
    audit.record(denied('first'));
    await jest.advanceTimersByTimeAsync(10_000);
    expect(written).toEqual([]);
    expect(await counted('dropped')).toBeGreaterThan(400);
    database.away = false;
    await jest.advanceTimersByTimeAsync(2_100);
    expect(written).toHaveLength(2_000);
    expect(written[0]).toMatchObject({ objectId: 'first' });
    jest.restoreAllMocks();
  });

  it('writes what is left before the process ends', async () => {
    const { audit, written } = auditOf();
    audit.record(denied('last'));
    await audit.beforeApplicationShutdown();
    expect(written).toHaveLength(1);
  });
});
