import { applyDecorators, Controller, Post, Req, Res, type Type } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Principal } from '@waybill/core/kernel';
import { ApiProblems, CurrentPrincipal, Roles, Scope, UploadStart } from '@waybill/platform/http';
import { TakesIdempotencyKey } from '@waybill/platform/idempotency';
import type { Request, Response } from 'express';
import { DocumentUploadForm, MediaUploadForm, UploadReceiptDto } from '../upload.dto';
import { FormUploads } from './form-uploads';

/** What both doors have in common in their description. */
const TakesForm = (form: Type): MethodDecorator & ClassDecorator =>
  applyDecorators(
    UploadStart(),
    Scope('files:write'),
    ApiConsumes('multipart/form-data'),
    ApiBody({ type: form }),
    ApiHeader({
      name: 'X-Upload-Id',
      required: false,
      description: 'A UUID of your choice, to follow and cancel the upload by while it runs.',
      schema: { type: 'string', format: 'uuid' },
    }),
    TakesIdempotencyKey(),
    ApiProblems(
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
      'RATE_LIMITED',
      'STORAGE_FULL',
    ),
  );

/** The doors for one file in one form. */
@ApiTags('Uploads')
@Controller('upload')
@Roles('ops')
export class FormUploadController {
  constructor(private readonly uploads: FormUploads) {}

  @Post()
  @ApiOperation({
    operationId: 'uploadDocument',
    summary: 'Upload a document',
    description:
      'One multipart form with the part `file`. The answer comes when the bytes are durable and their content was checked; sealing follows, and with its end the file can be downloaded.',
  })
  @ApiResponse({ status: 201, type: UploadReceiptDto, description: 'The document was received.' })
  @TakesForm(DocumentUploadForm)
  uploadDocument(
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
    @CurrentPrincipal() principal: Principal,
  ): Promise<UploadReceiptDto> {
    return this.uploads.take('document', request, response, principal);
  }

  @Post('media')
  @ApiOperation({
    operationId: 'uploadMedia',
    summary: 'Upload a photo or a video',
    description:
      'As a document, in one multipart form with the part `file`, and with `fileType`: a `video` is mp4, mov, webm or mkv, a `photo` jpg, jpeg, png, heic or webp, and what a `camera` took may be either, unless the installation says otherwise. Content, name and declared type must agree.',
  })
  @ApiResponse({ status: 201, type: UploadReceiptDto, description: 'The photo or video was received.' })
  @TakesForm(MediaUploadForm)
  uploadMedia(
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
    @CurrentPrincipal() principal: Principal,
  ): Promise<UploadReceiptDto> {
    return this.uploads.take('media', request, response, principal);
  }
}
