import { Injectable } from '@nestjs/common';
import { Metrics, ReadinessChecks } from '@waybill/platform/observability';
import { Database } from './database';

/** Tells readiness and metrics about the database. */
@Injectable()
export class DatabaseObserver {
  constructor(database: Database, readiness: ReadinessChecks, metrics: Metrics) {
    readiness.register('database', () => database.check());
    const help = 'Connections of this process by state; waiting are those who ask for one';
    const connections = metrics.gauge('waybill_database_connections', help, ['state']);
    metrics.beforeScrape(() => {
      for (const [state, count] of Object.entries(database.connections())) connections.set({ state }, count);
    });
  }
}
