import { Injectable } from '@nestjs/common';
import { parseFileAttributes } from '@waybill/features/files';
import { AppConfig } from '@waybill/platform/config';
import { Clock, type Principal } from '@waybill/core/kernel';
import type { Tx } from '@waybill/platform/database';
import type { FilePartInfo } from '@waybill/platform/http/multipart';
import { RunningTransfers } from '../running-transfers';
import { UploadPolicies } from '../upload-policies';
import { UploadsService, type OpenUpload } from '../upload.service';
import type { FormDoor } from './multipart-reception';

/** The door for documents: one multipart form, one file, the documents' policy. */
@Injectable()
export class DocumentDoor {
  constructor(
    private readonly uploads: UploadsService,
    private readonly running: RunningTransfers,
    private readonly policies: UploadPolicies,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * The door as one caller meets it, with the id that he may have chosen beforehand.
   *
   * @param together what else becomes true in the transaction that makes the upload `received`, or keeps it from that.
   */
  for(
    principal: Principal,
    uploadId: string | null,
    together?: (tx: Tx, uploadId: string) => Promise<void>,
  ): FormDoor {
    return {
      maxBytes: this.policies.maxBytes('document'),
      idleMs: this.config.uploads.idleMs,
      begin: (file, estimatedBytes) => this.begin(principal, uploadId, file, estimatedBytes),
      write: (upload, on) => this.uploads.write(upload, 0, on),
      finish: async (upload, writer, fields) => {
        const attributes = parseFileAttributes(fields, this.clock.now());
        await writer.end((last) => this.uploads.receive(upload, last, attributes, together));
      },
      fail: async (upload, failureCode) => void (await this.uploads.fail(upload.uploadId, failureCode)),
      stoppable: (upload, stop) => this.running.add(upload.uploadId, stop),
    };
  }

  private async begin(
    principal: Principal,
    uploadId: string | null,
    file: FilePartInfo,
    estimatedBytes: number | null,
  ): Promise<OpenUpload> {
    const { maxBytes: _, ...accepted } = this.policies.accept({
      category: 'document',
      mediaKind: null,
      fileName: file.fileName,
      declaredType: file.contentType,
      declaredSize: null,
    });
    return this.uploads.begin(principal, {
      ...accepted,
      uploadId,
      door: 'multipart',
      attributes: {},
      totalBytes: estimatedBytes,
    });
  }
}
