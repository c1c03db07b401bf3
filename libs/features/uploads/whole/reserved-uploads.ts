import { Injectable, Logger } from '@nestjs/common';
import { uuidv7 } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { ObjectRegistry } from '@waybill/platform/objects';
import { ObjectStores } from '@waybill/platform/storage';
import { newStagingKey } from '../staging/staging-format';

const MOST = 64;
/** From so many at a time on, the next ones are registered before the last one is used. */
const WORTH_AHEAD = 4;

/** An upload that is to be, and the object of its only part, which is registered. */
export interface ReservedUpload {
  uploadId: string;
  key: string;
}

/**
 * Objects that are registered before anybody has a use for them, so that small uploads do not each wait for a commit
 * before their first byte may be stored. How many at a time doubles with the demand and falls back to one after a lull;
 * those that nobody came for lapse with their lease, and are swept.
 */
@Injectable()
export class ReservedUploads {
  private readonly log = new Logger(ReservedUploads.name);
  private readonly ready: (ReservedUpload & { until: number })[] = [];
  private atATime = 1;
  private reserving: Promise<void> | null = null;

  constructor(
    private readonly objects: ObjectRegistry,
    private readonly stores: ObjectStores,
    private readonly config: AppConfig,
  ) {}

  /** One that is the caller's, for half a lease at least. */
  async take(): Promise<ReservedUpload> {
    for (;;) {
      const next = this.ready.shift();
      if (next === undefined) await this.reserve();
      else if (performance.now() >= next.until) this.atATime = 1;
      else {
        if (this.atATime >= WORTH_AHEAD && this.ready.length < this.atATime / 2) this.reserveAhead();
        return next;
      }
    }
  }

  private reserveAhead(): void {
    this.reserve().catch((error: Error) => {
      this.log.warn(`No objects could be registered ahead: ${error.message}`);
    });
  }

  private reserve(): Promise<void> {
    return (this.reserving ??= this.register().finally(() => (this.reserving = null)));
  }

  private async register(): Promise<void> {
    const { leaseMs } = this.config;
    const until = performance.now() + leaseMs / 2;
    const reserved = Array.from({ length: this.atATime }, () => {
      const uploadId = uuidv7();
      return { uploadId, key: newStagingKey(uploadId), until };
    });
    const keys = reserved.map(({ key }) => key);
    await this.objects.registerAll(keys, this.stores.default.driver, leaseMs);
    this.ready.push(...reserved);
    this.atATime = Math.min(MOST, this.atATime * 2);
  }
}
