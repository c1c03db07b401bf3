import { Injectable } from '@nestjs/common';
import { Clock } from '@waybill/core/kernel';
import { ProgressBoard } from './progress-board';
import { isFinal, type ProgressView } from './progress-view';
import { ProgressViewer } from './progress-viewer';

/** Shows somebody how all of his uploads are getting on. */
@Injectable()
export class OwnerProgress {
  constructor(
    private readonly board: ProgressBoard,
    private readonly clock: Clock,
  ) {}

  /** Shows each news of each upload, the end of each included, until the answered function is called. */
  watch(ownerId: string, show: (view: ProgressView) => void): () => void {
    const viewers = new Map<string, ProgressViewer>();
    return this.board.watchOwner(ownerId, (facts, live) => {
      const viewer = viewers.get(facts.id) ?? new ProgressViewer();
      if (isFinal(facts.status)) viewers.delete(facts.id);
      else viewers.set(facts.id, viewer);
      const frame = viewer.next(facts, live, this.clock.now());
      if (frame) show(frame.view);
    });
  }
}
