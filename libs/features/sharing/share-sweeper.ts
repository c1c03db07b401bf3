import { Injectable } from '@nestjs/common';
import { Clock } from '@waybill/core/kernel';
import { ShareRepository } from './share.repository';

const BATCH = 500;
/** How long a link that has ended still says so (410), before it is as unknown as any. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/** Forgets shares that ended long ago. That they ended was so from that very moment on. */
@Injectable()
export class ShareSweeper {
  constructor(
    private readonly shares: ShareRepository,
    private readonly clock: Clock,
  ) {}

  /** One batch; tells how many it forgot. */
  run(): Promise<number> {
    return this.shares.forget(new Date(this.clock.now().getTime() - KEPT_MS), BATCH);
  }
}
