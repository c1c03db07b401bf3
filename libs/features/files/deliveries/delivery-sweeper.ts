import { Injectable } from '@nestjs/common';
import { Clock } from '@waybill/core/kernel';
import { RIDE_MS } from './delivery.policy';
import { DeliveryRepository } from './delivery.repository';

const BATCH = 500;
/** How long a delivery may stand with nothing sent before it is looked at: longer than a process may be held up. */
const VOID_MS = 60_000;
/** Deliveries can be looked up for a month; what happened stays in the events. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/** Ends what processes that died had begun to send, gives unused slots back, and forgets what is long over. */
@Injectable()
export class DeliverySweeper {
  constructor(
    private readonly deliveries: DeliveryRepository,
    private readonly clock: Clock,
  ) {}

  /** One batch of each; tells how many rows it ended or forgot. Safe in several processes at once. */
  async run(): Promise<number> {
    const reaped = await this.deliveries.reap(BATCH);
    const unused = await this.deliveries.findVoid(VOID_MS, BATCH);
    for (const id of new Set([...reaped, ...unused])) await this.deliveries.giveBack(id);
    const before = new Date(this.clock.now().getTime() - KEPT_MS - RIDE_MS);
    return reaped.length + unused.length + (await this.deliveries.forget(before, BATCH));
  }
}
