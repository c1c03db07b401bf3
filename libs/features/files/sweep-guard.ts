import { Injectable } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { SweepAlarms } from '@waybill/platform/objects';
import { Metrics } from '@waybill/platform/observability';
import { FileRepository } from './file.repository';

/** So many may end at once without anybody being asked: a share of little is soon reached. */
const UNSUSPICIOUS = 1_000;

/**
 * Stops the sweeper where too much looks dead at once: a wrong clock, a bad statement or a restored database end more
 * than people do. What is over is over for everybody all the same; only its keys and bytes wait for an operator, who lets
 * them go by raising SWEEP_MAX_PERCENT.
 */
@Injectable()
export class SweepGuard {
  private readonly halted;

  constructor(
    private readonly files: FileRepository,
    private readonly config: AppConfig,
    private readonly alarms: SweepAlarms,
    metrics: Metrics,
  ) {
    this.halted = metrics.gauge(
      'waybill_sweep_halted',
      'Files that the sweeper has refused to end: too many at once',
    );
    this.halted.set(0);
  }

  /** Whether the files whose time is over may be ended. */
  async allows(now: Date): Promise<boolean> {
    const { over, live } = await this.files.balance(now, UNSUSPICIOUS);
    const most = Math.max(UNSUSPICIOUS, (live * this.config.sweepMaxPercent) / 100);
    const allowed = over <= most;
    this.halted.set(allowed ? 0 : over);
    if (allowed) await this.alarms.clear('TOO_MANY_EXPIRED');
    else {
      await this.alarms.raise(
        'TOO_MANY_EXPIRED',
        `${over} of ${live}. If that is right, raise SWEEP_MAX_PERCENT (now ${this.config.sweepMaxPercent})`,
      );
    }
    return allowed;
  }
}
