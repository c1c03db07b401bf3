import { Injectable, Logger } from '@nestjs/common';
import { ObjectRegistry, type DeadObject } from '@waybill/platform/objects';
import { ObjectStores } from '@waybill/platform/storage';

const BATCH = 200;
const AT_ONCE = 8;

/**
 * Takes dead objects off the store: the bytes first, their row when the bytes are gone. Nothing else is ever deleted,
 * and dead is what a committed transaction has said is dead; so a sweep that dies half-way is simply run again.
 */
@Injectable()
export class ObjectSweeper {
  private readonly log = new Logger(ObjectSweeper.name);

  constructor(
    private readonly registry: ObjectRegistry,
    private readonly stores: ObjectStores,
  ) {}

  /** Removes what is dead, and tells how many objects that were. */
  async run(): Promise<number> {
    await this.registry.buryAbandoned();
    let removed = 0;
    for (;;) {
      const dead = await this.registry.dead(BATCH);
      const gone = await this.deleteAll(dead);
      await this.registry.forget(gone);
      removed += gone.length;
      // A store that refuses would be asked for the same objects for ever; the next sweep asks again.
      if (dead.length < BATCH || gone.length < dead.length) return removed;
    }
  }

  private async deleteAll(dead: DeadObject[]): Promise<string[]> {
    const waiting = [...dead];
    const gone: string[] = [];
    const work = async (): Promise<void> => {
      for (let object = waiting.shift(); object; object = waiting.shift()) {
        try {
          await this.stores.of(object.driver).delete(object.key);
          gone.push(object.key);
        } catch (error) {
          this.log.error(
            `A dead object could not be removed: ${(error as Error).message}`,
            (error as Error).stack,
          );
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return gone;
  }
}
