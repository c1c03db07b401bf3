import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import type { SendingAccount, SendOutcome } from '../vault';
import { RESET_GRACE_MS } from './delivery.policy';
import type { Announcement, DeliveryLedger, OrderToAdmit } from './delivery-ledger';
import type { Slot } from './delivery.repository';
import { ResetWatch } from './reset-watch';

/** What leaves in one go is on record with its slot; one segment, so to say. */
const AT_ONCE_BYTES = 1024 * 1024;

/** The account of one answer, from its first byte to after its last. */
export class CountedSending implements SendingAccount {
  private static readonly log = new Logger('Deliveries');
  private slot: Slot | null = null;
  private resets: ResetWatch | null = null;
  private sent = 0;

  constructor(
    private readonly ledger: DeliveryLedger,
    private readonly order: OrderToAdmit,
    private readonly announce: Announcement,
    private readonly socket: Socket,
  ) {}

  async begin(): Promise<void> {
    this.slot = await this.ledger.begin(this.order, this.order.length <= AT_ONCE_BYTES);
    this.resets = new ResetWatch(this.socket);
  }

  wrote(bytes: number): void {
    this.sent += bytes;
    this.ledger.progress(this.slot!, this.sent);
  }

  recorded(): Promise<void> {
    return this.ledger.recorded(this.slot!);
  }

  /** Closes the account. A failure is said here: the client has its answer already. */
  async end(outcome: SendOutcome | 'broken'): Promise<void> {
    const { slot, resets } = this;
    if (slot === null || resets === null) return;
    const complete = outcome === 'complete';
    // From now on: the reset may come before the rows are written.
    const reset = complete ? resets.within(RESET_GRACE_MS) : null;
    if (reset === null) resets.dispose();
    try {
      // What has no bytes counts as one, so that it can be told whether it was sent.
      const sent = complete ? this.order.length : this.sent;
      await this.ledger.settle(slot, { sent, broken: !complete, last: this.order.last }, this.announce);
    } catch (error) {
      CountedSending.log.error('A download that has ended could not be accounted for', error);
      return;
    }
    if (reset !== null) void this.reopenAfter(reset, slot);
  }

  private async reopenAfter(reset: Promise<boolean>, slot: Slot): Promise<void> {
    try {
      if (await reset) await this.ledger.reopen(slot, this.order.length);
    } catch (error) {
      CountedSending.log.error('A broken download could not be reopened', error);
    }
  }
}
