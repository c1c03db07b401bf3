import { Injectable } from '@nestjs/common';
import { Database } from '@waybill/platform/database';
import { Metrics } from '@waybill/platform/observability';
import type { PlacedEvents } from './sequencer';

/**
 * What happened, as figures. Every change of state is an event, and each event gets its place in the feed once, after
 * its commit: so these counters tell of all features, and of nothing that was rolled back. They count in the process
 * that numbered the event; the sum over all workers is the truth.
 */
@Injectable()
export class EventMetrics {
  private readonly events;
  private readonly failures;

  constructor(metrics: Metrics, database: Database) {
    const what = 'Committed events by type';
    this.events = metrics.counter('waybill_events_total', what, ['type']);
    const why = 'Uploads that failed, by failure code';
    this.failures = metrics.counter('waybill_upload_failures_total', why, ['code']);

    const waiting = metrics.gauge(
      'waybill_feed_waiting_events',
      'Committed events without a place in the feed',
    );
    const age = metrics.gauge('waybill_feed_oldest_waiting_seconds', 'Age of the oldest of them');
    metrics.onScrape('feed', [waiting, age], async () => {
      const [row] = await database.query<{ waiting: number; age: number }>(
        `SELECT (SELECT count(*)::int FROM event_outbox) AS waiting,
                coalesce((SELECT extract(epoch FROM now() - occurred_at) FROM events WHERE id =
                  (SELECT event_id FROM event_outbox ORDER BY seq LIMIT 1)), 0)::float8 AS age`,
      );
      waiting.set(row!.waiting);
      age.set(row!.age);
    });
  }

  /** Give this to the sequencer. */
  readonly count = (placed: PlacedEvents[]): void => {
    for (const { type, failureCode, count } of placed) {
      this.events.inc({ type }, count);
      if (failureCode !== null) this.failures.inc({ code: failureCode }, count);
    }
  };
}
