import { Injectable } from '@nestjs/common';
import { Metrics } from './metrics';
import { ReadinessChecks } from './readiness';

/** What readiness asks, as figures: each thing that this process needs, up or down. */
@Injectable()
export class ReadinessMetrics {
  constructor(metrics: Metrics, readiness: ReadinessChecks) {
    const up = metrics.gauge('waybill_dependency_up', 'Whether it works: 1 or 0', ['dependency']);
    metrics.onScrape('readiness', [up], async () => {
      const { checks } = await readiness.ask();
      for (const [dependency, state] of Object.entries(checks))
        up.set({ dependency }, state === 'up' ? 1 : 0);
    });
  }
}
