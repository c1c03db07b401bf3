import { Injectable } from '@nestjs/common';
import { AppError, isAppError } from '@waybill/core/kernel';
import { StagingService } from './staging/staging.service';
import type { UploadStatus } from './upload.entity';
import { UploadRepository, type UploadRow } from './upload.repository';
import { UploadEndings } from './upload-endings.service';
import { checkContent, fileKindOf, type ContentReader } from './validation';

/** What ends an upload. Bytes that were damaged where they rest will not be other ones at the next try. */
const REFUSALS = [
  'CONTENT_MISMATCH',
  'UNSUPPORTED_FILE_TYPE',
  'FILE_TOO_LARGE',
  'INTEGRITY_FAILURE',
] as const;
const ENDED: ReadonlySet<UploadStatus> = new Set(['cancelled', 'failed']);

/** Holds a received upload's content against its name, once all its bytes are there. */
@Injectable()
export class ValidationService {
  constructor(
    private readonly uploads: UploadRepository,
    private readonly endings: UploadEndings,
    private readonly staging: StagingService,
  ) {}

  /**
   * Lets the upload go on to its sealing, or ends it as failed and throws the refusal. Idempotent: it may be run
   * again by whoever finds that an earlier run has died. Answers the upload as it then stands.
   *
   * @throws AppError `NOT_FOUND`
   */
  async validate(uploadId: string): Promise<UploadRow> {
    const upload = await this.uploads.find(uploadId);
    if (!upload) throw AppError.notFound();
    if (upload.status !== 'received' || upload.validatedAt) return upload;
    try {
      await this.staging.reading(upload, (reader) => this.check(upload.extension, reader));
    } catch (error) {
      const refused = isAppError(error, ...REFUSALS) && (await this.endings.fail(uploadId, error.code));
      // Of bytes that were being swept nothing can be said.
      if (!refused) await this.assertNotEnded(uploadId);
      throw error;
    }
    return (await this.uploads.markValidated(uploadId)) ?? (await this.assertNotEnded(uploadId));
  }

  /** Holds content against the extension of its name, and throws what refuses it. */
  async check(extension: string, content: ContentReader): Promise<void> {
    const kind = fileKindOf(extension);
    if (!kind) throw new Error(`No file kind is known for the extension ${extension}.`);
    await checkContent(kind, content);
  }

  private async assertNotEnded(uploadId: string): Promise<UploadRow> {
    const upload = await this.uploads.find(uploadId);
    if (!upload || ENDED.has(upload.status))
      throw new AppError('GONE', 'The upload was ended while it was checked.');
    return upload;
  }
}
