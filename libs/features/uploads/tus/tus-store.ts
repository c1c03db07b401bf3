import type { Readable } from 'node:stream';
import { DataStore, Upload } from '@tus/server';
import { Injectable } from '@nestjs/common';
import { wipe } from '@waybill/core/crypto';
import { AppError, Clock } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { UploadPolicies } from '../upload-policies';
import type { UploadRow } from '../upload.repository';
import { UploadRepository } from '../upload.repository';
import { UploadEndings } from '../upload-endings.service';
import { UploadsService } from '../upload.service';
import { BodyWriting } from './body-writing';
import { describeUpload } from './described-upload';
import { currentExchange, type TusExchange } from './tus-exchange';
import { readMetadata } from './upload-metadata';
import { WriteLeaseRepository } from './write-lease.repository';
import { WriteLeases } from './write-leases';

/**
 * What @tus/server stores to: uploads and their staging parts. It is always asked within an exchange whose caller was
 * found to own the upload.
 *
 * @tus/server checks offsets and lengths against what `getUpload` says. That the bytes go where that was true is the
 * commit's to see to: it moves the offset by compare-and-swap, for the newest writer alone.
 */
@Injectable()
export class TusStore extends DataStore {
  override extensions = [
    'creation',
    'creation-with-upload',
    'creation-defer-length',
    'expiration',
    'termination',
    'checksum',
  ];

  constructor(
    private readonly uploads: UploadsService,
    private readonly endings: UploadEndings,
    private readonly rows: UploadRepository,
    private readonly leases: WriteLeases,
    private readonly leaseRows: WriteLeaseRepository,
    private readonly bodies: BodyWriting,
    private readonly policies: UploadPolicies,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    super();
  }

  /** Judges what is said of the file, and begins its upload. */
  override async create(upload: Upload): Promise<Upload> {
    const exchange = currentExchange();
    const size = upload.size ?? null;
    const metadata = readMetadata(exchange.metadata);
    const { offered, attributes } = describeUpload(metadata, size, this.clock.now());
    const { maxBytes: _, ...accepted } = this.policies.accept(offered);
    if (size !== null) await this.uploads.requireRoom(exchange.principal!, size);
    const described = { ...accepted, attributes, totalBytes: size, clientMetadata: exchange.metadata };
    const begin = { ...described, uploadId: upload.id, door: 'tus' as const };
    const { dek } = await this.uploads.begin(exchange.principal!, begin, exchange.together);
    wipe(dek);
    exchange.upload = await this.rows.find(upload.id);
    return upload;
  }

  override async getUpload(id: string): Promise<Upload> {
    const exchange = currentExchange();
    const row = (exchange.upload ??= await this.rows.find(id));
    if (!row) throw AppError.notFound();
    this.assertKept(row);
    const { offsetBytes: offset, totalBytes } = row;
    return new Upload({ id, offset, size: totalBytes ?? undefined });
  }

  override async declareUploadLength(id: string, length: number): Promise<void> {
    const exchange = currentExchange();
    if (!(await this.leaseRows.declareLength(id, exchange.epoch!, length)))
      throw new AppError(
        'CONFLICT',
        'The length of this upload was said before, or is less than what there is.',
      );
    exchange.upload!.totalBytes = length;
  }

  /** Takes the bytes past the stream, which has none: they are the exchange's request's. */
  override async write(stream: Readable, id: string, offset: number): Promise<number> {
    stream.resume();
    const exchange = currentExchange();
    const row = exchange.epoch === null ? await this.lease(exchange, id) : exchange.upload;
    // It was received before: there is nothing left to be taken, and no harm in asking.
    if (row?.status !== 'uploading') return offset;
    return this.bodies.write(exchange, row);
  }

  override async remove(id: string): Promise<void> {
    await this.endings.cancel(currentExchange().principal!, id);
  }

  /**
   * Makes the exchange the only writer of an upload of its caller's, if that still takes bytes. Asked for first, and who
   * asks is told why not only where that failed.
   *
   * @throws AppError NOT_FOUND, GONE
   */
  async lease(exchange: TusExchange, id: string): Promise<UploadRow> {
    const { userId } = exchange.principal!;
    let taken = await this.leases.takeFree(id, userId);
    if (!taken && (await this.ownRow(exchange, id)).status === 'uploading')
      taken = await this.leases.takeOver(id, userId);
    exchange.epoch = taken?.writerEpoch ?? null;
    exchange.upload = taken ?? (await this.ownRow(exchange, id));
    this.assertKept(exchange.upload);
    return exchange.upload;
  }

  /** Only tus uploads of the caller's own exist here. */
  async ownRow({ principal }: TusExchange, id: string): Promise<UploadRow> {
    const row = await this.rows.findOwned(id, principal!.userId);
    if (row?.door !== 'tus') throw AppError.notFound();
    return row;
  }

  /** When the upload is given up if nothing is added to it; null when it waits for nothing. */
  expiryOf({ status, updatedAt }: UploadRow): Date | null {
    return status === 'uploading' ? new Date(updatedAt.getTime() + this.config.uploads.resumeMs) : null;
  }

  /** @throws AppError GONE when the upload came to nothing. */
  assertKept(row: UploadRow): void {
    const expiry = this.expiryOf(row);
    if (row.status === 'cancelled' || row.status === 'failed' || (expiry && expiry <= this.clock.now()))
      throw new AppError('GONE', 'The upload was ended, and its bytes are gone.');
  }
}
