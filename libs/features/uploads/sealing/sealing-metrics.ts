import { Injectable } from '@nestjs/common';
import { Metrics } from '@waybill/platform/observability';
import { SealingRepository } from './sealing.repository';
import type { SealingOutcome } from './sealing.service';

/** Seconds; from a text of some kilobytes to a film of gigabytes. */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
const OPEN = ['uploading', 'received', 'encrypting'];

/** How sealing goes, and what waits for it. */
@Injectable()
export class SealingMetrics {
  private readonly seconds;
  private readonly bytes;
  private readonly failures;

  constructor(metrics: Metrics, sealings: SealingRepository) {
    const time = 'From claiming an upload to publishing its file';
    this.seconds = metrics.histogram('waybill_sealing_duration_seconds', time, [], BUCKETS);
    this.bytes = metrics.counter('waybill_sealing_bytes_total', 'Bytes of plaintext that were sealed');
    const why = 'Tries of sealing that failed, by code';
    this.failures = metrics.counter('waybill_sealing_failures_total', why, ['code']);

    const count = metrics.gauge('waybill_uploads', 'Uploads that are not over, by status', ['status']);
    const age = 'For how long the oldest of them has stood there';
    const oldest = metrics.gauge('waybill_uploads_oldest_seconds', age, ['status']);
    metrics.onScrape('uploads', [count, oldest], async () => {
      const found = new Map((await sealings.backlog()).map((row) => [row.status, row]));
      for (const status of OPEN) {
        count.set({ status }, found.get(status)?.count ?? 0);
        oldest.set({ status }, found.get(status)?.age ?? 0);
      }
    });
  }

  sealed(outcome: SealingOutcome, seconds: number): void {
    if (outcome.kind === 'completed') {
      this.seconds.observe(seconds);
      this.bytes.inc(outcome.bytes);
    } else if (outcome.kind !== 'not-due' && outcome.code !== null) {
      this.failures.inc({ code: outcome.code });
    }
  }
}
