import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { AppError, Clock, uuidv7 } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { Database, type Tx } from '@waybill/platform/database';
import { PATIENCE_MS } from './delivery.policy';
import { DeliveryRepository, type DeliveryOrder, type SentBytes, type Slot } from './delivery.repository';

/** A finisher waits no longer than this for a process that died with his delivery. */
const LONGEST_LEASE_MS = 10_000;
const WAITS_MS = [20, 50, 100, 200, 400];
/** Whoever waits longer may be waiting for a process that is not there any more. */
const SUSPICIOUS_TURN = 5;

/** Writes what is to be told of a delivery, in the transaction that ends it. */
export type Announcement = (tx: Tx) => Promise<void>;

export interface OrderToAdmit extends DeliveryOrder {
  /** Whether this is a range, which may be part of a delivery that is under way. */
  ranged: boolean;
  /** Whether it goes to the end of the whole. */
  last: boolean;
  /** Whether some limit left no slot when it was last looked at. */
  exhausted: boolean;
}

/**
 * Counts deliveries. A slot is taken in the moment in which the first bytes could leave, by one statement; what goes on
 * with a delivery that broke rides on the slot that was taken then. All that counts is rows: any process may die, and
 * any other goes on.
 */
@Injectable()
export class DeliveryLedger implements BeforeApplicationShutdown {
  private readonly log = new Logger(DeliveryLedger.name);
  private readonly leaseMs: number;
  private readonly active = new Map<string, Progress>();
  private readonly settling = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private renewal: Promise<void> | null = null;

  constructor(
    private readonly deliveries: DeliveryRepository,
    private readonly database: Database,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.leaseMs = Math.min(config.leaseMs, LONGEST_LEASE_MS);
  }

  /**
   * Lets a request in whose bytes may find a slot, before anything is read for it. A range that goes on with what has just
   * broken waits until that is noticed: for a moment where it could take another slot, for a lease where it could not.
   *
   * @throws AppError `GONE` when there is none, and none to ride on.
   */
  async admit(order: OrderToAdmit, response: ServerResponse): Promise<void> {
    if (!order.ranged || !order.continues) {
      if (order.exhausted && !(order.ranged && (await this.deliveries.standing(order)).fits))
        throw exhausted();
      return;
    }
    const until = performance.now() + (order.exhausted ? this.leaseMs + PATIENCE_MS : PATIENCE_MS);
    for (let turn = 0; ; turn++) {
      const { fits, busy } = await this.deliveries.standing(order);
      if (fits) return;
      if (!busy || performance.now() > until || response.destroyed) break;
      await delay(WAITS_MS[Math.min(turn, WAITS_MS.length - 1)]);
      if (turn >= SUSPICIOUS_TURN) await this.deliveries.reap(100, order);
    }
    if (order.exhausted) throw exhausted();
  }

  /** Takes the slot, or the room in a delivery that is there. @throws AppError `GONE`. */
  async begin(order: OrderToAdmit, begun: boolean): Promise<Slot> {
    const sending = { sendingId: uuidv7(), deliveryId: uuidv7(), begun, leaseMs: this.leaseMs };
    const slot =
      (order.ranged ? await this.deliveries.ride(order, sending) : null) ??
      (await this.deliveries.take(order, sending, this.clock.now()));
    if (slot === null) throw exhausted();
    this.active.set(slot.sendingId, { sent: 0, recorded: begun });
    this.timer ??= setInterval(() => void this.renew(), this.leaseMs / 4).unref();
    return slot;
  }

  progress({ sendingId }: Slot, sent: number): void {
    const progress = this.active.get(sendingId);
    if (progress !== undefined) progress.sent = sent;
  }

  /**
   * Resolves when it is committed that bytes of this sending have left.
   *
   * @throws AppError `DEPENDENCY_UNAVAILABLE` when the slot was given to others meanwhile, this process having been held up.
   */
  async recorded({ sendingId }: Slot): Promise<void> {
    const progress = this.active.get(sendingId)!;
    if (!progress.recorded) await this.renewal; // It may have begun before this sending did.
    if (!progress.recorded) await this.renew();
    if (!progress.recorded) {
      throw new AppError('DEPENDENCY_UNAVAILABLE', 'The download could not be accounted for.');
    }
  }

  /** Ends a sending. What has sent nothing gives its slot back; what was the end of a delivery is announced. */
  async settle(slot: Slot, bytes: SentBytes, announce: Announcement): Promise<void> {
    const settling = this.settleNow(slot, bytes, announce);
    this.settling.add(settling);
    try {
      await settling;
    } finally {
      this.settling.delete(settling);
    }
  }

  private async settleNow(slot: Slot, bytes: SentBytes, announce: Announcement): Promise<void> {
    this.active.delete(slot.sendingId);
    if (this.active.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
    const settled = await this.database.transaction(async (tx) => {
      const outcome = await this.deliveries.settle(tx, slot.sendingId, bytes);
      if (outcome?.ended === true) {
        await this.deliveries.markAnnounced(tx, slot.deliveryId);
        await announce(tx);
      }
      return outcome;
    });
    if (settled?.empty === true) await this.deliveries.giveBack(slot.deliveryId);
  }

  async reopen({ deliveryId }: Slot, sent: number): Promise<void> {
    await this.deliveries.reopen(deliveryId, sent);
  }

  /** The answers have ended by now; their accounts are closed before the database goes. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await Promise.allSettled(this.settling);
  }

  /** One statement for all that is under way here. What is asked for while one runs waits for the next. */
  private async renew(): Promise<void> {
    while (this.renewal !== null) await this.renewal;
    this.renewal = this.renewOnce().finally(() => (this.renewal = null));
    await this.renewal;
  }

  private async renewOnce(): Promise<void> {
    const told = new Map([...this.active].map(([id, { sent }]) => [id, sent]));
    if (told.size === 0) return;
    try {
      const known = await this.deliveries.renew(told, this.leaseMs);
      for (const id of known) {
        const progress = this.active.get(id);
        if (progress !== undefined) progress.recorded = true;
      }
    } catch (error) {
      this.log.warn('What is being downloaded could not be accounted for; it will be tried again', error);
    }
  }
}

interface Progress {
  sent: number;
  /** Whether it is on record that bytes have left. */
  recorded: boolean;
}

function exhausted(): AppError {
  return new AppError('GONE', 'It was downloaded as often as it may be.');
}
