import { Injectable, Logger } from '@nestjs/common';
import { ObjectRegistry, SweepAlarms, type DeadObject } from '@waybill/platform/objects';
import { ObjectStores } from '@waybill/platform/storage';
import { LivingReferences } from './living-references';

const BATCH = 200;
const AT_ONCE = 8;
/** How many may refuse to go before a sweep gives up: a store that is away keeps nobody else's dead from going. */
const MAX_STUCK = 1_000;

interface Failure {
  object: DeadObject;
  error: Error;
}

/**
 * Takes dead objects off the store: the bytes first, their row when the bytes are gone. Nothing else is ever deleted,
 * and dead is what a committed transaction has said is dead; so a sweep that dies half-way is simply run again. What a file
 * or an upload still has is not deleted, whatever is said of it: that is a mistake somewhere, and an alarm.
 */
@Injectable()
export class ObjectSweeper {
  private readonly log = new Logger(ObjectSweeper.name);

  constructor(
    private readonly registry: ObjectRegistry,
    private readonly stores: ObjectStores,
    private readonly living: LivingReferences,
    private readonly alarms: SweepAlarms,
  ) {}

  /** Removes what is dead, and tells how many objects that were. What cannot be removed is left to the next sweep. */
  async run(): Promise<number> {
    await this.registry.buryAbandoned();
    let removed = 0;
    const stuck: Failure[] = [];
    const needed: string[] = [];
    let dead: DeadObject[];
    do {
      dead = await this.registry.dead(BATCH, stuck.length + needed.length);
      const living = await this.living.among(dead.map(({ key }) => key));
      needed.push(...living);
      const gone = await this.deleteAll(
        dead.filter(({ key }) => !living.has(key)),
        stuck,
      );
      await this.registry.forget(gone);
      removed += gone.length;
    } while (dead.length === BATCH && stuck.length + needed.length < MAX_STUCK);
    await this.alarm(needed);
    if (stuck.length > 0) this.report(stuck);
    return removed;
  }

  private async deleteAll(dead: DeadObject[], stuck: Failure[]): Promise<string[]> {
    const waiting = [...dead];
    const gone: string[] = [];
    const work = async (): Promise<void> => {
      for (let object = waiting.shift(); object; object = waiting.shift()) {
        try {
          await this.stores.of(object.driver).delete(object.key);
          gone.push(object.key);
        } catch (error) {
          stuck.push({ object, error: error as Error });
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return gone;
  }

  private async alarm(needed: string[]): Promise<void> {
    if (needed.length === 0) await this.alarms.clear('STILL_REFERENCED');
    else await this.alarms.raise('STILL_REFERENCED', `${needed.length}, the first of them ${needed[0]}`);
  }

  /** Once for all of them: a store that is away refuses hundreds, at every sweep. */
  private report(stuck: Failure[]): void {
    const { object, error } = stuck[0]!;
    this.log.error(
      `${stuck.length} dead object(s) could not be removed; the first, of ${object.driver}: ${error.message}`,
      error.stack,
    );
  }
}
