import { Injectable } from '@nestjs/common';
import { Clock, mayUpload, type UserPrincipal } from '@waybill/core/kernel';
import { EventStream, LiveConnections, PrincipalWatch } from '@waybill/platform/http';
import { Drain } from '@waybill/platform/observability';
import type { Request, Response } from 'express';
import { ProgressBoard } from './progress-board';
import { isFinal, type ProgressFacts } from './progress-view';
import { ProgressViewer, seenFrame } from './progress-viewer';

/** Shows how an upload is getting on as server-sent events. */
@Injectable()
export class ProgressStreams {
  constructor(
    private readonly board: ProgressBoard,
    private readonly connections: LiveConnections,
    private readonly principals: PrincipalWatch,
    private readonly drain: Drain,
    private readonly clock: Clock,
  ) {}

  /**
   * Answers a request with a stream that ends after the final status, when its principal loses his right, when the
   * process is to stop, or when the client goes.
   *
   * @param facts of an upload that the principal owns.
   * @throws AppError RATE_LIMITED when he has too many streams open.
   */
  open(request: Request, response: Response, principal: UserPrincipal, facts: ProgressFacts): void {
    const seen = seenFrame(request.get('Last-Event-ID'));
    if (seen?.status === facts.status && isFinal(facts.status)) {
      // He has seen the end and came back because the stream was over: this tells him not to.
      response.status(204).end();
      return;
    }
    const giveBack = this.connections.take('events', principal.userId);
    const stream = new EventStream(request, response);
    const viewer = new ProgressViewer(seen);
    const end = (): void => stream.end();
    const unwatch = this.board.watchUpload(facts.id, (now, live) => {
      const frame = viewer.next(now, live, this.clock.now());
      if (frame) stream.send({ event: 'progress', id: frame.id, data: frame.view });
      if (isFinal(now.status)) end();
    });
    const leave = this.principals.watch(principal, mayUpload, end);
    this.drain.signal.addEventListener('abort', end);
    if (this.drain.active) end();
    stream.onClose(() => {
      unwatch();
      leave();
      giveBack();
      this.drain.signal.removeEventListener('abort', end);
    });
  }
}
