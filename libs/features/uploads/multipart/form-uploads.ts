import { Injectable } from '@nestjs/common';
import { AppError, isUuid, type Principal } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import type { Request, Response } from 'express';
import { SealingRequests } from '../sealing/sealing-requests';
import type { UploadReceiptDto } from '../upload.dto';
import { UploadPolicies, type UploadCategory } from '../upload-policies';
import { UploadSlots } from '../upload-slots';
import { ValidationService } from '../validation.service';
import type { ReceivedUpload } from '../whole/whole-uploads.service';
import { FormDoors } from './form-doors';
import { KeyedUploads, type NamedUpload } from './keyed-uploads';
import { Interrupted, MultipartReception } from './multipart-reception';

/** Takes one upload that comes as a form, from the request to the receipt. */
@Injectable()
export class FormUploads {
  constructor(
    private readonly doors: FormDoors,
    private readonly policies: UploadPolicies,
    private readonly keyed: KeyedUploads,
    private readonly slots: UploadSlots,
    private readonly validation: ValidationService,
    private readonly sealings: SealingRequests,
    private readonly config: AppConfig,
  ) {}

  /** Resolves when the bytes are durable and their content was checked. */
  async take(
    category: UploadCategory,
    request: Request,
    response: Response,
    principal: Principal,
  ): Promise<UploadReceiptDto> {
    let leave: (() => void) | undefined;
    try {
      const uploadId = chosenUploadId(request);
      leave = this.slots.enter();
      return await this.keyed.once(request, response, principal, {
        maxBytes: this.policies.maxBytes(category),
        receive: (key) => {
          const door = this.doors.open(category, { principal, uploadId, together: key?.together });
          return new MultipartReception(request, door, key?.observer).receive();
        },
        answer: (upload) => this.answer(response, upload),
      });
    } catch (error) {
      if (error instanceof Interrupted) request.destroy();
      // The rest of a refused body is not waited for.
      else if (!request.complete) response.setHeader('Connection', 'close');
      throw error;
    } finally {
      leave?.();
    }
  }

  /** The answer to an upload whose bytes are all there. May be asked for again. */
  private async answer(response: Response, named: NamedUpload): Promise<UploadReceiptDto> {
    const { uploadId } = named;
    const upload = 'status' in named ? named : await this.validation.validate(uploadId);
    void this.sealings.ask({ uploadId, attempt: 0, bytes: upload.offsetBytes });
    response.setHeader('Location', `/api/files/${upload.fileId}`);
    return this.receipt(uploadId, upload);
  }

  private receipt(uploadId: string, upload: Omit<ReceivedUpload, 'uploadId'>): UploadReceiptDto {
    return {
      success: true,
      message: 'The file was received and is being encrypted.',
      uploadId,
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
