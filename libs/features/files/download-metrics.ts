import { Injectable } from '@nestjs/common';
import { Metrics } from '@waybill/platform/observability';

/** How sendings of bytes end, whatever link or share they went through. */
@Injectable()
export class DownloadMetrics {
  private readonly ended;

  constructor(metrics: Metrics) {
    const help =
      'Sendings of file bytes: complete, aborted by the client, broken by damage or a failing store, refused for want of a slot';
    this.ended = metrics.counter('waybill_downloads_total', help, ['outcome']);
    for (const outcome of ['complete', 'aborted', 'broken', 'refused']) this.ended.inc({ outcome }, 0);
  }

  readonly count = (outcome: string): void => this.ended.inc({ outcome });
}
