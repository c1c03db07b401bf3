import { Injectable } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';

const MOST = 10_000;

interface Registered {
  key: string;
  /** Of `performance.now()`: from then on it is left to the sweeper. */
  until: number;
}

/**
 * Objects that are registered for parts to come: the commit of one part, or the taking of a lease, registers the next
 * one's object as well, so that its first byte waits for no commit of its own. One for each upload; what is never written
 * lapses with its lease. Lost with the process, like the lease.
 */
@Injectable()
export class RegisteredParts {
  private readonly byUpload = new Map<string, Registered>();

  constructor(private readonly config: AppConfig) {}

  /** @param asked when the registration was asked for, by `performance.now()` */
  keep(uploadId: string, key: string, asked: number): void {
    this.forgetLapsed();
    this.byUpload.set(uploadId, { key, until: asked + this.config.leaseMs / 2 });
  }

  /** One that can still be written, if there is one. */
  peek(uploadId: string): string | null {
    const registered = this.byUpload.get(uploadId);
    return registered && performance.now() < registered.until ? registered.key : null;
  }

  /** One that lapses if its lease is not renewed. */
  held(uploadId: string): string | null {
    return this.byUpload.get(uploadId)?.key ?? null;
  }

  /** The same as `peek`, for whoever writes it now. */
  take(uploadId: string): string | null {
    const key = this.peek(uploadId);
    this.byUpload.delete(uploadId);
    return key;
  }

  /** Its lease was renewed. */
  renewed(uploadId: string, key: string, asked: number): void {
    if (this.byUpload.get(uploadId)?.key === key) this.keep(uploadId, key, asked);
  }

  /** They stand in the order in which they were registered, nearly. */
  private forgetLapsed(): void {
    const now = performance.now();
    for (const [uploadId, { until }] of this.byUpload) {
      if (now < until && this.byUpload.size < MOST) return;
      this.byUpload.delete(uploadId);
    }
  }
}
