import { Injectable } from '@nestjs/common';
import { AppError, Clock, type Page, type Principal } from '@waybill/core/kernel';
import {
  LiveProgress,
  progressView,
  type ProgressFacts,
  type ProgressView,
} from '@waybill/features/progress';
import { CursorCodec } from '@waybill/platform/http';
import type { UploadListRequest } from './upload-progress.dto';
import { UploadProgressRepository, type UploadListQuery } from './upload-progress.repository';

/** How somebody's own uploads are getting on: rows, and what is known beyond them while they run. */
@Injectable()
export class UploadProgress {
  constructor(
    private readonly uploads: UploadProgressRepository,
    private readonly live: LiveProgress,
    private readonly cursors: CursorCodec,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `NOT_FOUND` for those of others, too. */
  async of(principal: Principal, uploadId: string): Promise<ProgressView> {
    // Counts first, then rows: what has ended by then has its end in its row.
    const live = await this.live.of([uploadId]);
    const facts = await this.facts(principal, uploadId);
    return progressView(facts, live.get(uploadId) ?? null, this.clock.now());
  }

  /** The row alone. @throws AppError `NOT_FOUND` for those of others, too. */
  async facts(principal: Principal, uploadId: string): Promise<ProgressFacts> {
    const [facts] = await this.uploads.find([uploadId]);
    if (facts?.ownerId !== principal.userId) throw AppError.notFound();
    return facts;
  }

  /** @throws AppError `VALIDATION_FAILED` for a cursor of another list, status or user. */
  async page(principal: Principal, query: UploadListRequest): Promise<Page<ProgressView>> {
    const { status, limit } = query;
    const scope = JSON.stringify(['uploads', principal.userId, status]);
    const after = query.cursor === undefined ? null : positionOf(this.cursors.decode(scope, query.cursor));
    // One more than asked for tells whether there is a next page.
    const found = await this.uploads.list(principal.userId, { status, after, limit: limit + 1 });
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    const live = await this.live.of(shown.filter(isRunning).map(({ id }) => id));
    const now = this.clock.now();
    return {
      items: shown.map((facts) => progressView(facts, live.get(facts.id) ?? null, now)),
      nextCursor: last === undefined ? null : this.cursors.encode(scope, [last.sortKey, last.id]),
    };
  }
}

function isRunning({ status }: ProgressFacts): boolean {
  return status === 'uploading' || status === 'encrypting';
}

function positionOf([key, id]: readonly unknown[]): UploadListQuery['after'] {
  return { key: String(key), id: String(id) };
}
