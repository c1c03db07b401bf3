import { Injectable } from '@nestjs/common';

/**
 * The transfers that run in this process, so that ending an upload also ends its request at once. Nothing depends on
 * it: elsewhere, and in any race, the transfer finds its row changed when it next commits.
 */
@Injectable()
export class RunningTransfers {
  private readonly stops = new Map<string, () => void>();

  /** Makes a transfer stoppable until the answered function is called. */
  add(uploadId: string, stop: () => void): () => void {
    this.stops.set(uploadId, stop);
    return () => {
      if (this.stops.get(uploadId) === stop) this.stops.delete(uploadId);
    };
  }

  stop(uploadId: string): void {
    this.stops.get(uploadId)?.();
  }
}
