import { ERRORS, Server } from '@tus/server';
import { Injectable } from '@nestjs/common';
import { uuidv7, type Principal } from '@waybill/core/kernel';
import type { Tx } from '@waybill/platform/database';
import type { Request, Response } from 'express';
import { Interrupted } from '../multipart/multipart-reception';
import { SealingRequests } from '../sealing/sealing-requests';
import { UploadPolicies } from '../upload-policies';
import { UploadRepository } from '../upload.repository';
import { UploadEndings } from '../upload-endings.service';
import { UploadsService } from '../upload.service';
import { ValidationService } from '../validation.service';
import { LeaseLocker } from './lease-locker';
import { currentExchange, inExchange, type TusExchange } from './tus-exchange';
import { refusalIn, refusalOf } from './tus-refusals';
import { TusStore } from './tus-store';
import { WriteLeases } from './write-leases';
import { CHECKSUM_ALGORITHMS, readChecksum } from './upload-checksum';

export const TUS_PATH = '/api/upload/resumable';
/** What of a request is tus; nothing else of it is @tus/server's business. */
const READ = [
  'content-length',
  'content-type',
  'tus-resumable',
  'upload-concat',
  'upload-defer-length',
  'upload-length',
  'upload-metadata',
  'upload-offset',
];
/** What of its answers is ours to send; cross-origin rules are the front door's. */
const WRITTEN = [
  'Cache-Control',
  'Location',
  'Tus-Extension',
  'Tus-Max-Size',
  'Tus-Version',
  'Upload-Defer-Length',
  'Upload-Length',
  'Upload-Offset',
];

/** Whose request it is, and what it names. */
export interface TusCall {
  method: TusExchange['method'];
  principal: Principal | null;
  /** Null where one is to be created. */
  uploadId: string | null;
  together?: (tx: Tx, uploadId: string) => Promise<void>;
}

/**
 * tus 1.0.0 (https://tus.io/protocols/resumable-upload). @tus/server holds requests against the protocol; what they
 * say is carried out by `TusStore`, and the bytes never pass through its streams.
 */
@Injectable()
export class TusDoor {
  private readonly server: Server;

  constructor(
    private readonly store: TusStore,
    locker: LeaseLocker,
    private readonly rows: UploadRepository,
    private readonly uploads: UploadsService,
    private readonly endings: UploadEndings,
    private readonly leases: WriteLeases,
    private readonly validation: ValidationService,
    private readonly sealings: SealingRequests,
    private readonly policies: UploadPolicies,
  ) {
    this.server = new Server({
      path: TUS_PATH,
      datastore: store,
      locker,
      relativeLocation: true,
      getFileIdFromRequest: () => currentExchange().uploadId,
      namingFunction: () => currentExchange().uploadId,
      maxSize: () => this.maxSize(),
      onIncomingRequest: () => this.admit(),
      onUploadFinish: async () => {
        await this.finish(currentExchange());
        return {};
      },
      onResponseError: async (_request, error) => {
        await this.endOversized(error);
        throw refusalOf(error);
      },
    });
  }

  /**
   * Carries a request out, and puts its answer's status and headers on the response, which is the caller's to end.
   *
   * @throws AppError
   * @throws Interrupted when nobody is there to be answered; the connection is closed then.
   */
  async handle(request: Request, response: Response, call: TusCall): Promise<void> {
    try {
      const exchange = this.exchangeOf(request, call);
      await inExchange(exchange, () => this.carryOut(exchange, response));
    } catch (error) {
      if (error instanceof Interrupted) request.destroy();
      throw error;
    } finally {
      // The rest of a body that is not wanted is not waited for.
      if (!request.complete) response.setHeader('Connection', 'close');
    }
  }

  private async carryOut(exchange: TusExchange, response: Response): Promise<void> {
    try {
      const answer = await this.server.handleWeb(headOf(exchange));
      if (answer.status >= 400) throw await refusalIn(answer);
      response.status(answer.status);
      for (const name of WRITTEN) {
        const value = answer.headers.get(name);
        if (value !== null) response.setHeader(name, value);
      }
      this.describe(exchange, response);
    } finally {
      if (exchange.epoch !== null) await this.leases.release(exchange.uploadId, exchange.epoch);
    }
  }

  private exchangeOf(request: Request, { method, principal, uploadId, together }: TusCall): TusExchange {
    const { headers } = request;
    return {
      method,
      principal,
      request,
      uploadId: uploadId ?? uuidv7(),
      metadata: headers['upload-metadata'] as string | undefined,
      checksum: readChecksum(headers['upload-checksum'] as string | undefined),
      together,
      upload: null,
      epoch: null,
    };
  }

  /** Finds the upload; one that is to be added to is leased with the same question. */
  private async admit(): Promise<void> {
    const exchange = currentExchange();
    const { method, uploadId } = exchange;
    if (method === 'POST') return;
    if (method === 'PATCH') {
      await this.store.lease(exchange, uploadId);
      return;
    }
    const row = await this.store.ownRow(exchange, uploadId);
    this.store.assertKept(row);
    exchange.upload = row;
  }

  /** All bytes are there. Idempotent: clients ask again for what they did not hear. */
  private async finish(exchange: TusExchange): Promise<void> {
    const { uploadId } = exchange;
    await this.uploads.receiveLate(uploadId);
    await this.validation.validate(uploadId);
    const row = (exchange.upload = await this.rows.find(uploadId));
    if (row?.status === 'received') void this.sealings.ask({ uploadId, attempt: 0, bytes: row.offsetBytes });
  }

  /** An upload without a length, to which more is to be added than fits, cannot become a file any more. */
  private async endOversized(error: unknown): Promise<void> {
    const { upload, uploadId } = currentExchange();
    if (error === ERRORS.ERR_SIZE_EXCEEDED && upload?.totalBytes === null)
      await this.endings.fail(uploadId, 'FILE_TOO_LARGE');
  }

  /** The largest upload that this address takes; what the file is decides further, when it is known. */
  private maxSize(): number {
    const category = currentExchange().upload?.category;
    if (category === 'document' || category === 'media') return this.policies.maxBytes(category);
    return Math.max(this.policies.maxBytes('document'), this.policies.maxBytes('media'));
  }

  /** What @tus/server does not say by itself. */
  private describe({ method, upload }: TusExchange, response: Response): void {
    if (method === 'OPTIONS') response.setHeader('Tus-Checksum-Algorithm', CHECKSUM_ALGORITHMS.join(','));
    if (method === 'OPTIONS' || method === 'DELETE') return;
    const expiry = upload && this.store.expiryOf(upload);
    if (expiry) response.setHeader('Upload-Expires', expiry.toUTCString());
    if (method === 'HEAD' && upload?.clientMetadata)
      response.setHeader('Upload-Metadata', upload.clientMetadata);
  }
}

/** A request as @tus/server reads it: everything but the body, which is read as Node gives it. */
function headOf({ request, method }: TusExchange): globalThis.Request {
  const headers = new Headers();
  for (const name of READ) {
    const value = request.headers[name];
    if (typeof value === 'string') headers.set(name, value);
  }
  return new globalThis.Request(`http://localhost${TUS_PATH}`, { method, headers });
}
