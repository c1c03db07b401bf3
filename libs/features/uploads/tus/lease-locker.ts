import type { Lock, Locker } from '@tus/server';
import { Injectable } from '@nestjs/common';
import { currentExchange } from './tus-exchange';
import { TusStore } from './tus-store';
import { WriteLeases } from './write-leases';

/**
 * What @tus/server locks with. A PATCH becomes the only writer; a HEAD sees to it that the offset that it tells stays;
 * a DELETE waits for nobody, since it ends whatever is under way; what is being created nobody else knows.
 */
@Injectable()
export class LeaseLocker implements Locker {
  constructor(
    private readonly store: TusStore,
    private readonly leases: WriteLeases,
  ) {}

  newLock(id: string): Lock {
    return { lock: () => this.lock(id), unlock: () => this.unlock(id) };
  }

  private async lock(id: string): Promise<void> {
    const exchange = currentExchange();
    if (exchange.method === 'PATCH') await this.store.lease(exchange, id);
    if (exchange.method === 'HEAD') {
      await this.leases.clear(id);
      exchange.upload = null; // It is looked at again.
    }
  }

  private async unlock(id: string): Promise<void> {
    const { epoch } = currentExchange();
    if (epoch !== null) await this.leases.release(id, epoch);
  }
}
