import { Injectable, Logger } from '@nestjs/common';
import { Database } from '@waybill/platform/database';
import { Metrics, ReadinessChecks } from '@waybill/platform/observability';
import { SWEEP_ALARMS, type SweepAlarmName } from './sweep-alarm.entity';

/**
 * What sweepers have stopped for. It stands in the database, so that every process tells of it: by a metric, and by a note
 * beside readiness, which it does not change: files are handed out as ever.
 */
@Injectable()
export class SweepAlarms {
  private readonly log = new Logger(SweepAlarms.name);

  constructor(
    private readonly database: Database,
    metrics: Metrics,
    readiness: ReadinessChecks,
  ) {
    const gauge = metrics.gauge('waybill_sweep_alarm', 'What sweepers have stopped for: 1, otherwise 0', [
      'reason',
    ]);
    metrics.onScrape('sweep alarms', [gauge], async () => {
      const raised = await this.raised();
      for (const name of Object.keys(SWEEP_ALARMS))
        gauge.set({ reason: name }, raised.includes(name) ? 1 : 0);
    });
    readiness.note('sweep', async () => (await this.raised()).map((name) => `SWEEP_${name}`));
  }

  /** Says once in the log what is found at every sweep. */
  async raise(name: SweepAlarmName, detail: string): Promise<void> {
    const raised = await this.database.query(
      `INSERT INTO sweep_alarms AS alarm (name, detail) VALUES ($1, $2)
       ON CONFLICT (name) DO NOTHING RETURNING name`,
      [name, detail],
    );
    if (raised.length > 0) this.log.error(`Nothing is swept, because ${SWEEP_ALARMS[name]}: ${detail}`);
  }

  async clear(...names: SweepAlarmName[]): Promise<void> {
    const cleared = await this.database.query<{ name: SweepAlarmName }>(
      'DELETE FROM sweep_alarms WHERE name = ANY($1) RETURNING name',
      [names],
    );
    for (const { name } of cleared) this.log.warn(`It is over that ${SWEEP_ALARMS[name]}.`);
  }

  private async raised(): Promise<string[]> {
    const rows = await this.database.query<{ name: string }>('SELECT name FROM sweep_alarms ORDER BY name');
    return rows.map(({ name }) => name);
  }
}
