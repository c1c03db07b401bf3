import { Injectable } from '@nestjs/common';
import type { JobName } from '@waybill/core/contracts';
import { Metrics } from '@waybill/platform/observability';

const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800];

/** How long jobs take, and how they end. A job whose subject failed in good order has ended well. */
@Injectable()
export class JobMetrics {
  private readonly durations;
  private readonly ends;

  constructor(metrics: Metrics) {
    const help = 'From taking a job up to its end';
    this.durations = metrics.histogram('waybill_job_duration_seconds', help, ['job', 'outcome'], BUCKETS);
    const when = 'When a job of the kind last ended well in this process, in seconds since 1970';
    this.ends = metrics.gauge('waybill_job_last_done_timestamp_seconds', when, ['job']);
  }

  async measure(job: JobName, work: Promise<void>): Promise<void> {
    const started = performance.now();
    let outcome = 'failed';
    try {
      await work;
      outcome = 'done';
      this.ends.set({ job }, Date.now() / 1000);
    } finally {
      this.durations.observe({ job, outcome }, (performance.now() - started) / 1000);
    }
  }
}
