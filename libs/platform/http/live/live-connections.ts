import { Injectable } from '@nestjs/common';
import { AppError } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { Metrics } from '@waybill/platform/observability';

/** What stays open: streams of server-sent events, and sockets. */
export type LiveKind = 'events' | 'socket';

const RETRY_SECONDS = 10;

/** Counts what users hold open in this process, so that nobody holds all of it. */
@Injectable()
export class LiveConnections {
  private readonly held = new Map<string, number>();
  private readonly totals = new Map<LiveKind, number>();

  constructor(
    private readonly config: AppConfig,
    metrics: Metrics,
  ) {
    const what = 'Streams of events and sockets that are open';
    const gauge = metrics.gauge('waybill_live_connections', what, ['kind']);
    metrics.beforeScrape(() => {
      for (const kind of ['events', 'socket'] as const) gauge.set({ kind }, this.totals.get(kind) ?? 0);
    });
  }

  /**
   * Takes one for a user; whoever takes it gives it back by calling the answered function, once.
   *
   * @throws AppError RATE_LIMITED when the user holds as many of the kind as he may.
   */
  take(kind: LiveKind, userId: string): () => void {
    const key = `${kind} ${userId}`;
    const held = this.held.get(key) ?? 0;
    const limit = this.config.http.liveConnectionsPerUser;
    if (held >= limit) {
      throw new AppError('RATE_LIMITED', `You hold ${limit} of these open already. Close one first.`, {
        retryAfterSeconds: RETRY_SECONDS,
      });
    }
    this.held.set(key, held + 1);
    this.count(kind, 1);
    return () => {
      const left = this.held.get(key)! - 1;
      if (left === 0) this.held.delete(key);
      else this.held.set(key, left);
      this.count(kind, -1);
    };
  }

  private count(kind: LiveKind, change: number): void {
    this.totals.set(kind, (this.totals.get(kind) ?? 0) + change);
  }
}
