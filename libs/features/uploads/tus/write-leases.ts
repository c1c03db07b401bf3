import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '@waybill/core/kernel';
import { Signals } from '@waybill/platform/cache';
import { AppConfig } from '@waybill/platform/config';
import { ObjectStores } from '@waybill/platform/storage';
import { RegisteredParts } from '../staging/registered-parts';
import { newStagingKey } from '../staging/staging-format';
import type { UploadRow } from '../upload.repository';
import { writtenByAnother } from '../upload.errors';
import { UploadSlots } from '../upload-slots';
import { WriteLeaseRepository, type Lease, type WriterState } from './write-lease.repository';

/**
 * For how long a request waits until the one before it has made durable what it has. If there was no sign of life of
 * that one meanwhile, it is passed over.
 */
const PATIENCE_MS = 3_500;
const ASK_AGAIN_MS = 50;
/** How late a writer hears that another instance asks for its place, or has ended its upload, where no signal came. */
const WATCH_MS = 500;
const YIELD = 'upload.yield';

/** The request that writes to an upload in this process. */
export interface Holder {
  epoch: number;
  /** Somebody waits: make durable what there is, and stop, if nobody sends. May be called more than once. */
  yield: () => void;
  /** Nothing of it can be committed any more. */
  lost: (error: AppError) => void;
}

/**
 * Lets one request at a time write to an upload, across all instances. The row is what decides: whoever takes the
 * lease gets a new epoch, and nothing of an older one can be committed. So a writer that hangs with its process needs
 * not be asked. It is asked all the same, because what it has already would have to be sent again; and as long as
 * bytes come to it, it keeps its place.
 */
@Injectable()
export class WriteLeases {
  private readonly log = new Logger(WriteLeases.name);
  private readonly holders = new Map<string, Holder>();
  private watch: NodeJS.Timeout | null = null;

  constructor(
    private readonly leases: WriteLeaseRepository,
    private readonly slots: UploadSlots,
    private readonly registered: RegisteredParts,
    private readonly stores: ObjectStores,
    private readonly signals: Signals,
    private readonly config: AppConfig,
  ) {
    // It may speak of a writer before this one: the row knows.
    signals.on(YIELD, (uploadId) => {
      if (this.holders.has(uploadId)) void this.look([uploadId]);
    });
  }

  /**
   * Makes the caller the writer of a user's tus upload, if nobody writes to it: answers the row with the epoch that is
   * the caller's now, and sees to it that an object is registered for the part that comes. Null when somebody writes, or
   * there is no such upload that takes bytes.
   *
   * @throws AppError RATE_LIMITED when the owner runs too many uploads.
   */
  takeFree(uploadId: string, ownerId: string): Promise<UploadRow | null> {
    return this.tryToTake(uploadId, ownerId, null);
  }

  /**
   * As `takeFree`, but waits for the place of whoever writes. The caller has made sure that the upload is the user's.
   *
   * @throws AppError UPLOAD_LOCKED when others were quicker, RATE_LIMITED when the owner runs too many uploads.
   */
  async takeOver(uploadId: string, ownerId: string): Promise<UploadRow | null> {
    const left = await this.askToYield(uploadId);
    if (left === 'at work') throw writtenByAnother();
    const next = await this.tryToTake(uploadId, ownerId, left?.epoch ?? null);
    // Others have waited as well.
    if (next === null && (await this.leases.writing(uploadId)) !== null) throw writtenByAnother();
    return next;
  }

  /** Resolves when the offset stays as it is until somebody takes the lease, or when the one who has it is at work. */
  async clear(uploadId: string): Promise<void> {
    const left = await this.askToYield(uploadId);
    if (left !== null && left !== 'at work') await this.leases.revoke(uploadId, left.epoch);
  }

  /** Makes a writer of this process reachable until the answered function is called. */
  hold(uploadId: string, holder: Holder): () => void {
    this.holders.set(uploadId, holder);
    this.watch ??= setInterval(() => void this.look([...this.holders.keys()]), WATCH_MS).unref();
    return () => {
      if (this.holders.get(uploadId) === holder) this.holders.delete(uploadId);
      if (this.holders.size > 0 || this.watch === null) return;
      clearInterval(this.watch);
      this.watch = null;
    };
  }

  async release(uploadId: string, epoch: number): Promise<void> {
    try {
      await this.leases.release(uploadId, epoch);
    } catch (error) {
      // It runs out by itself.
      this.log.warn(`Upload ${uploadId} was not released: ${(error as Error).message}`);
    }
  }

  /** With the place comes one of the owner's slots; without a slot nobody gets the place. */
  private async tryToTake(uploadId: string, ownerId: string, from: number | null): Promise<UploadRow | null> {
    const { leaseMs, uploads } = this.config;
    const known = this.registered.peek(uploadId) !== null;
    const next = known ? null : { key: newStagingKey(uploadId), driver: this.stores.default.driver };
    const taking = { uploadId, ownerId, leaseMs, from, slots: uploads.concurrency.perUser, next };
    const asked = performance.now();
    const taken = await this.slots.again(() => this.leases.take(taking));
    if (taken && next) this.registered.keep(uploadId, next.key, asked);
    if (taken?.slot === null) {
      try {
        await this.slots.take(uploadId, ownerId);
      } catch (error) {
        await this.release(uploadId, taken.writerEpoch);
        throw error;
      }
    }
    return taken;
  }

  /** Waits for whoever writes; null when he has stopped. One that gave no sign of life is answered. */
  private async askToYield(uploadId: string): Promise<Lease | 'at work' | null> {
    const asked = await this.leases.askToYield(uploadId);
    if (asked === null) return null;
    this.signals.send(YIELD, uploadId);
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      await sleep(ASK_AGAIN_MS);
      const now = await this.leases.writing(uploadId);
      if (now?.epoch !== asked.epoch) return null;
      if (performance.now() < until) continue;
      if (now.until <= asked.until) return now;
      await this.leases.stopAsking(uploadId, asked.epoch);
      return 'at work';
    }
  }

  private async look(uploadIds: readonly string[]): Promise<void> {
    let states: WriterState[];
    try {
      states = await this.leases.states(uploadIds);
    } catch (error) {
      this.log.debug(`Writers could not be looked after: ${(error as Error).message}`);
      return;
    }
    for (const { id, status, writerEpoch, yieldAsked } of states) {
      const holder = this.holders.get(id);
      if (!holder) continue;
      if (status !== 'uploading')
        holder.lost(new AppError('GONE', 'The upload was ended while it was running.'));
      else if (writerEpoch > holder.epoch) holder.lost(writtenByAnother());
      else if (yieldAsked && writerEpoch === holder.epoch) this.tellToYield(id, holder);
    }
  }

  private tellToYield(uploadId: string, holder: Holder): void {
    holder.yield();
    // Whoever waits is not to take him for dead.
    this.leases.renew(uploadId, holder.epoch, this.config.leaseMs).catch((error: Error) => {
      this.log.warn(`Upload ${uploadId}: the lease was not renewed: ${error.message}`);
    });
  }
}
