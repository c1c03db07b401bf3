import { Injectable } from '@nestjs/common';
import { Metrics } from '@waybill/platform/observability';
import { ObjectRegistry } from './object-registry';

/** What is on its way into the store, and out of it. */
@Injectable()
export class ObjectMetrics {
  constructor(metrics: Metrics, objects: ObjectRegistry) {
    const count = metrics.gauge('waybill_objects', 'Objects being written, and dead ones not yet removed', [
      'state',
    ]);
    const oldest = metrics.gauge('waybill_objects_oldest_seconds', 'Age of the oldest of them', ['state']);
    metrics.onScrape('objects', [count, oldest], async () => {
      for (const row of await objects.backlog()) {
        count.set({ state: row.state }, row.count);
        oldest.set({ state: row.state }, row.age);
      }
    });
  }
}
