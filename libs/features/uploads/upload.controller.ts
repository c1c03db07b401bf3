import { Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AppError, isUuid, type Principal } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import {
  ApiProblems,
  CurrentPrincipal,
  Roles,
  Scope,
  Transfer,
  UploadStart,
  UuidParam,
} from '@waybill/platform/http';
import { TakesIdempotencyKey } from '@waybill/platform/idempotency';
import { JobQueue } from '@waybill/platform/queue';
import type { Request, Response } from 'express';
import { DocumentDoor } from './multipart/document-door';
import { KeyedUploads } from './multipart/keyed-uploads';
import { Interrupted, MultipartReception } from './multipart/multipart-reception';
import { SealingService } from './sealing/sealing.service';
import { DocumentUploadForm, UploadCancelledDto, UploadReceiptDto, UploadRetriedDto } from './upload.dto';
import type { UploadRow } from './upload.repository';
import { UploadsService } from './upload.service';
import { ValidationService } from './validation.service';

/** The plain door for documents, and what can be done to an upload whatever door it came through. */
@ApiTags('Uploads')
@Controller('upload')
@Roles('ops')
export class UploadController {
  constructor(
    private readonly uploads: UploadsService,
    private readonly door: DocumentDoor,
    private readonly keyed: KeyedUploads,
    private readonly validation: ValidationService,
    private readonly sealing: SealingService,
    private readonly jobs: JobQueue,
    private readonly config: AppConfig,
  ) {}

  @Post()
  @UploadStart()
  @Scope('files:write')
  @ApiOperation({
    operationId: 'uploadDocument',
    summary: 'Upload a document',
    description:
      'One multipart form with the part `file`. The answer comes when the bytes are durable and their content was checked; sealing follows, and with its end the file can be downloaded.',
  })
  @ApiConsumes('multipart/form-data')
  @ApiBody({ type: DocumentUploadForm })
  @ApiHeader({
    name: 'X-Upload-Id',
    required: false,
    description: 'A UUID of your choice, to follow and cancel the upload by while it runs.',
    schema: { type: 'string', format: 'uuid' },
  })
  @TakesIdempotencyKey()
  @ApiResponse({ status: 201, type: UploadReceiptDto, description: 'The document was received.' })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'UNAUTHENTICATED',
    'FORBIDDEN',
    'CONFLICT',
    'GONE',
    'FILE_TOO_LARGE',
    'QUOTA_EXCEEDED',
    'UNSUPPORTED_FILE_TYPE',
    'CONTENT_MISMATCH',
    'STORAGE_FULL',
  )
  async upload(
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
    @CurrentPrincipal() principal: Principal,
  ): Promise<UploadReceiptDto> {
    const uploadId = chosenUploadId(request);
    try {
      return await this.keyed.once(request, response, principal, {
        maxBytes: this.config.uploads.documents.maxBytes,
        receive: (key) =>
          new MultipartReception(
            request,
            this.door.for(principal, uploadId, key?.together),
            key?.observer,
          ).receive(),
        answer: (received) => this.answer(response, principal, received),
      });
    } catch (error) {
      if (error instanceof Interrupted) request.destroy();
      // The rest of a refused body is not waited for.
      else if (!request.complete) response.setHeader('Connection', 'close');
      throw error;
    }
  }

  @Post('cancel/:uploadId')
  @Transfer()
  @Scope('files:write')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'cancelUpload',
    summary: 'Cancel an upload',
    description: 'Stops the transfer wherever it runs and deletes its bytes. Repeating it changes nothing.',
  })
  @ApiResponse({ status: 200, type: UploadCancelledDto, description: 'It is cancelled.' })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'UPLOAD_NOT_CANCELLABLE')
  async cancel(
    @Param('uploadId', UuidParam) uploadId: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<UploadCancelledDto> {
    await this.uploads.cancel(principal, uploadId);
    return { success: true, uploadId, status: 'cancelled' };
  }

  @Post('retry/:uploadId')
  @Scope('files:write')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'retryUpload',
    summary: 'Take a failed sealing up again',
    description: 'For an upload with the failure code `SEALING_FAILED`; its bytes were kept.',
  })
  @ApiResponse({ status: 202, type: UploadRetriedDto, description: 'It will be sealed.' })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT')
  async retry(
    @Param('uploadId', UuidParam) uploadId: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<UploadRetriedDto> {
    const attempt = await this.sealing.retry(principal.userId, uploadId);
    void this.jobs.enqueue({ name: 'upload.seal', data: { uploadId, attempt } });
    return { success: true, uploadId, status: 'received' };
  }

  /** The answer to an upload whose bytes are all there. May be asked for again. */
  private async answer(
    response: Response,
    principal: Principal,
    uploadId: string,
  ): Promise<UploadReceiptDto> {
    await this.validation.validate(uploadId);
    void this.jobs.enqueue({ name: 'upload.seal', data: { uploadId, attempt: 0 } });
    const upload = await this.uploads.find(principal, uploadId);
    response.setHeader('Location', `/api/files/${upload.fileId}`);
    return this.receipt(upload);
  }

  private receipt(upload: UploadRow): UploadReceiptDto {
    return {
      success: true,
      message: 'The file was received and is being encrypted.',
      uploadId: upload.id,
      fileId: upload.fileId,
      fileName: upload.fileName,
      fileType: upload.fileType,
      fileSize: upload.offsetBytes,
      fileUrl: `${this.config.http.publicUrl}/api/files/${upload.fileId}/content`,
      status: upload.status,
    };
  }
}

function chosenUploadId(request: Request): string | null {
  const header = request.headers['x-upload-id'];
  if (header === undefined) return null;
  if (isUuid(header)) return header.toLowerCase();
  throw new AppError('VALIDATION_FAILED', 'X-Upload-Id must be a UUID.', {
    errors: [{ pointer: 'X-Upload-Id', detail: 'must be a UUID' }],
  });
}
