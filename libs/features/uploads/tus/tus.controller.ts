import { Controller, Delete, Head, Options, Param, Patch, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AppError, type Principal } from '@waybill/core/kernel';
import {
  ApiProblems,
  CurrentPrincipal,
  Public,
  Roles,
  Scope,
  Transfer,
  UploadStart,
  UuidParam,
} from '@waybill/platform/http';
import { TakesIdempotencyKey } from '@waybill/platform/idempotency';
import type { Request, Response } from 'express';
import { KeyedCreations } from './keyed-creations';
import { TusDoor } from './tus-door';
import {
  ANSWERS,
  CreationHeaders,
  OffsetBody,
  PatchHeaders,
  TusResumable,
  WITH_OFFSET_BODY,
} from './tus.openapi';

/** The door for uploads that may be interrupted and resumed, on any instance: tus 1.0.0. */
@ApiTags('Uploads')
@Controller('upload/resumable')
export class TusController {
  constructor(
    private readonly door: TusDoor,
    private readonly creations: KeyedCreations,
  ) {}

  @Options()
  @Public()
  @ApiOperation({
    operationId: 'getResumableUploadCapabilities',
    summary: 'Ask what the resumable door can do',
    description: 'tus 1.0.0: version, extensions, checksum algorithms, and the largest upload.',
  })
  @ApiResponse(ANSWERS.capabilities)
  async capabilities(@Req() request: Request, @Res() response: Response): Promise<void> {
    await this.door.handle(request, response, { method: 'OPTIONS', principal: null, uploadId: null });
    response.end();
  }

  @Options(':uploadId')
  @Public()
  @ApiOperation({
    operationId: 'getResumableUploadCapabilitiesAtUpload',
    summary: 'Ask what the resumable door can do, at the address of an upload',
    description: 'The same answer for every id, whether there is such an upload or not.',
  })
  @ApiResponse(ANSWERS.capabilities)
  @ApiProblems('NOT_FOUND')
  async capabilitiesAtUpload(
    @Param('uploadId', UuidParam) _uploadId: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.capabilities(request, response);
  }

  @Post()
  @UploadStart()
  @Roles('ops')
  @Scope('files:write')
  @TakesIdempotencyKey()
  @ApiOperation({
    operationId: 'createResumableUpload',
    summary: 'Create a resumable upload',
    description: [
      'tus 1.0.0, creation: says what the file is, and learns where to send its bytes (`Location`).',
      'The first bytes may come along (`Content-Type: application/offset+octet-stream`); the answer then has their',
      '`Upload-Offset`. `Upload-Metadata` has `filename`, `filetype` (a media type), `category` (`document`, which is',
      'the default, or `media` with `mediaKind`: `video`, `photo` or `camera`), and the fields of `POST /api/upload`.',
      'Other keys are refused, but for those that Uppy sends of every file.',
    ].join(' '),
  })
  @CreationHeaders()
  @OffsetBody({ required: false })
  @ApiResponse(ANSWERS.created)
  @ApiProblems(
    'VALIDATION_FAILED',
    'FORBIDDEN',
    'PRECONDITION_FAILED',
    'FILE_TOO_LARGE',
    'QUOTA_EXCEEDED',
    'UNSUPPORTED_FILE_TYPE',
    'CONTENT_MISMATCH',
    'CHECKSUM_MISMATCH',
    'STORAGE_FULL',
  )
  async create(
    @Req() request: Request,
    @Res() response: Response,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    await this.creations.create(request, response, principal);
    response.end();
  }

  @Head(':uploadId')
  @Transfer()
  @Roles('ops')
  @Scope('files:write')
  @ApiOperation({
    operationId: 'getResumableUploadOffset',
    summary: 'See how far a resumable upload is',
    description:
      'What is durable of it. A request that is still adding to the upload is made to stop first, so that the offset stays.',
  })
  @TusResumable()
  @ApiResponse(ANSWERS.offset)
  @ApiProblems('FORBIDDEN', 'NOT_FOUND', 'GONE', 'PRECONDITION_FAILED', 'UPLOAD_LOCKED')
  async offset(
    @Param('uploadId', UuidParam) uploadId: string,
    @Req() request: Request,
    @Res() response: Response,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    await this.door.handle(request, response, { method: 'HEAD', principal, uploadId });
    response.end();
  }

  @Patch(':uploadId')
  @Transfer()
  @Roles('ops')
  @Scope('files:write')
  @ApiOperation({
    operationId: 'appendToResumableUpload',
    summary: 'Add bytes to a resumable upload',
    description: [
      'From `Upload-Offset` on. The answer comes when they are durable; the answer to the last of them when the content',
      'was checked, too. When the connection breaks, what came until then counts: ask for the offset and go on. With',
      '`Upload-Checksum`, all bytes of a request count or none.',
    ].join(' '),
  })
  @PatchHeaders()
  @OffsetBody({ required: true })
  @ApiResponse(ANSWERS.appended)
  @ApiProblems(...WITH_OFFSET_BODY)
  async append(
    @Param('uploadId', UuidParam) uploadId: string,
    @Req() request: Request,
    @Res() response: Response,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    await this.door.handle(request, response, { method: 'PATCH', principal, uploadId });
    response.end();
  }

  @Post(':uploadId')
  @Transfer()
  @Roles('ops')
  @Scope('files:write')
  @ApiOperation({
    operationId: 'appendToResumableUploadByPost',
    summary: 'Add bytes to a resumable upload where PATCH does not get through',
    description:
      'With `X-HTTP-Method-Override: PATCH` this is the PATCH, to the letter; without it there is no such method.',
  })
  @PatchHeaders({ overridden: true })
  @OffsetBody({ required: true })
  @ApiResponse(ANSWERS.appended)
  @ApiProblems(...WITH_OFFSET_BODY, 'METHOD_NOT_ALLOWED')
  async appendByPost(
    @Param('uploadId', UuidParam) uploadId: string,
    @Req() request: Request,
    @Res() response: Response,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    if (request.headers['x-http-method-override'] !== 'PATCH') {
      if (!request.complete) response.setHeader('Connection', 'close');
      throw new AppError('METHOD_NOT_ALLOWED', 'An upload takes POST in place of PATCH alone.', {
        headers: { Allow: 'DELETE, HEAD, OPTIONS, PATCH' },
      });
    }
    await this.append(uploadId, request, response, principal);
  }

  @Delete(':uploadId')
  @Transfer()
  @Roles('ops')
  @Scope('files:write')
  @ApiOperation({
    operationId: 'terminateResumableUpload',
    summary: 'Give a resumable upload up',
    description: 'tus 1.0.0, termination: cancels it, wherever it stands, and deletes its bytes.',
  })
  @TusResumable()
  @ApiResponse(ANSWERS.terminated)
  @ApiProblems('FORBIDDEN', 'NOT_FOUND', 'GONE', 'PRECONDITION_FAILED', 'UPLOAD_NOT_CANCELLABLE')
  async terminate(
    @Param('uploadId', UuidParam) uploadId: string,
    @Req() request: Request,
    @Res() response: Response,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    await this.door.handle(request, response, { method: 'DELETE', principal, uploadId });
    response.end();
  }
}
