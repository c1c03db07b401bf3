import { Injectable } from '@nestjs/common';
import { Signals } from '@waybill/platform/cache';

const STOP = 'upload.stop';

/**
 * The transfers and sealings that run in this process, so that ending an upload also ends, at once and in whatever
 * process, what is being done for it. Nothing depends on it: where no signal comes through, and in any race, whoever
 * works on the upload finds its row changed when he next renews his lease or commits.
 */
@Injectable()
export class RunningTransfers {
  private readonly stops = new Map<string, Set<() => void>>();

  constructor(private readonly signals: Signals) {
    signals.on(STOP, (uploadId) => {
      for (const stop of this.stops.get(uploadId) ?? []) stop();
    });
  }

  /** Makes a transfer stoppable until the answered function is called. `stop` may be called more than once. */
  add(uploadId: string, stop: () => void): () => void {
    const all = this.stops.get(uploadId) ?? new Set();
    this.stops.set(uploadId, all.add(stop));
    return () => {
      all.delete(stop);
      if (all.size === 0 && this.stops.get(uploadId) === all) this.stops.delete(uploadId);
    };
  }

  /** Stops what runs for an upload that has been ended, wherever it runs. */
  stop(uploadId: string): void {
    this.signals.send(STOP, uploadId);
  }
}
