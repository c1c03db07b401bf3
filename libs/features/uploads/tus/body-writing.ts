import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { AppError, Clock, isAppError } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { Interrupted } from '../multipart/multipart-reception';
import { RunningTransfers } from '../running-transfers';
import type { SealedPart } from '../staging/staging-part';
import { UploadPolicies } from '../upload-policies';
import type { UploadRow } from '../upload.repository';
import { UploadSlots } from '../upload-slots';
import { UploadEndings } from '../upload-endings.service';
import { writtenByAnother } from '../upload.errors';
import { UploadsService, type OpenUpload } from '../upload.service';
import { BodyReception, type BodyEnd } from './body-reception';
import type { TusExchange } from './tus-exchange';
import { checksumMismatch } from './upload-checksum';
import { WriteLeases } from './write-leases';

/** Takes the bytes of one request into an upload. */
@Injectable()
export class BodyWriting implements OnModuleDestroy {
  private readonly running = new Set<Promise<unknown>>();

  constructor(
    private readonly uploads: UploadsService,
    private readonly endings: UploadEndings,
    private readonly policies: UploadPolicies,
    private readonly slots: UploadSlots,
    private readonly leases: WriteLeases,
    private readonly transfers: RunningTransfers,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes the bytes of the request durable and part of the upload, and answers the new offset. What came before a
   * connection broke counts as well, except under a checksum: there it is all of the request or nothing.
   *
   * @throws AppError FILE_TOO_LARGE, QUOTA_EXCEEDED, CHECKSUM_MISMATCH, UPLOAD_LOCKED, RATE_LIMITED, GONE, FORBIDDEN, STORAGE_FULL …
   * @throws Interrupted when the sender is gone, or as good as.
   */
  async write(exchange: TusExchange, row: UploadRow): Promise<number> {
    const leave = this.slots.enter();
    const writing = this.receive(exchange, row);
    this.running.add(writing);
    try {
      return await writing;
    } catch (error) {
      await this.endRefused(error, exchange, row);
      throw error;
    } finally {
      leave();
      this.running.delete(writing);
    }
  }

  /** What was cut off by the end of the process is still made durable. */
  async onModuleDestroy(): Promise<void> {
    await Promise.allSettled(this.running);
  }

  private async receive(exchange: TusExchange, row: UploadRow): Promise<number> {
    const { request, checksum } = exchange;
    const maxBytes = (row.totalBytes ?? this.maxBytes(row)) - row.offsetBytes;
    const upload = await this.uploads.open(row);
    const reception = new BodyReception(request, { maxBytes, idleMs: this.config.uploads.idleMs });
    // What a checksum stands for is committed together, when it was found to be right.
    const waiting: SealedPart[] | undefined = checksum ? [] : undefined;
    const on = { drain: reception.resume, error: reception.fail };
    const writer = this.uploads.write(upload, row.offsetBytes, on, { waiting });
    const letGo = this.reachable(upload, reception);
    try {
      const end = await reception.receive((chunk) => {
        checksum?.update(chunk);
        return writer.write(chunk);
      });
      const offset = row.offsetBytes + reception.bytes;
      const whole = end === 'whole' || offset === row.totalBytes;
      if (checksum && !whole) throw cutShort(end);
      if (checksum && !checksum.matches()) throw checksumMismatch();
      const left = await writer.end((last) => {
        const parts = [...(waiting ?? []), ...(last ? [last] : [])];
        return this.keep(upload, row, parts, offset === row.totalBytes);
      });
      if (left) exchange.epoch = null;
      this.noteEnd(row, offset);
      if (!whole) throw cutShort(end);
      return offset;
    } catch (error) {
      await writer.abandon();
      if (waiting) await this.uploads.giveUp(waiting);
      throw error;
    } finally {
      letGo();
    }
  }

  /** Commits what is left, and answers whether the place of the writer was given up with it. */
  private async keep(
    upload: OpenUpload,
    row: UploadRow,
    parts: readonly SealedPart[],
    complete: boolean,
  ): Promise<boolean> {
    if (complete) await this.uploads.receive(upload, parts, { attributes: row.attributes });
    else if (parts.length > 0) await this.uploads.commit(upload, parts, { leaves: true });
    return complete || parts.length > 0;
  }

  /** What the row says now, as far as it can be told without asking. */
  private noteEnd(row: UploadRow, offset: number): void {
    if (offset === row.offsetBytes) return;
    row.offsetBytes = offset;
    row.updatedAt = this.clock.now();
    if (offset === row.totalBytes) row.status = 'received';
  }

  /** From the instance's other requests, and by others through the row. */
  private reachable({ uploadId, epoch }: OpenUpload, reception: BodyReception): () => void {
    const gone = new AppError('GONE', 'The upload was ended while it was running.');
    const notStoppable = this.transfers.add(uploadId, () => reception.fail(gone));
    const notHeld = this.leases.hold(uploadId, { epoch, yield: reception.yield, lost: reception.fail });
    return () => {
      notStoppable();
      notHeld();
    };
  }

  /** What cannot become a file any more does not wait for its expiry. */
  private async endRefused(error: unknown, { method }: TusExchange, row: UploadRow): Promise<void> {
    const tooLarge = row.totalBytes === null && isAppError(error, 'FILE_TOO_LARGE');
    // Nobody was told where it is.
    const neverKnown = method === 'POST' && isAppError(error, 'CHECKSUM_MISMATCH', 'FILE_TOO_LARGE');
    if (tooLarge || neverKnown || isAppError(error, 'QUOTA_EXCEEDED'))
      await this.endings.fail(row.id, (error as AppError).code);
  }

  private maxBytes({ category }: UploadRow): number {
    return this.policies.maxBytes(category === 'media' ? 'media' : 'document');
  }
}

function cutShort(end: BodyEnd): Error {
  return end === 'yielded' ? writtenByAnother() : new Interrupted();
}
