import type { Lock, Locker } from '@tus/server';
import { Injectable } from '@nestjs/common';
import { currentExchange } from './tus-exchange';
import { WriteLeases } from './write-leases';

/**
 * What @tus/server locks with. A HEAD sees to it that the offset that it tells stays. Who adds to an upload has become
 * its only writer when he was admitted (`TusDoor`), since one question to the database does both; a DELETE waits for
 * nobody, since it ends whatever is under way; what is being created nobody else knows.
 */
@Injectable()
export class LeaseLocker implements Locker {
  constructor(private readonly leases: WriteLeases) {}

  newLock(id: string): Lock {
    return { lock: () => this.lock(id), unlock: async () => undefined };
  }

  private async lock(id: string): Promise<void> {
    const exchange = currentExchange();
    if (exchange.method !== 'HEAD') return;
    await this.leases.clear(id);
    exchange.upload = null; // It is looked at again.
  }
}
