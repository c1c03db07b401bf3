import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Principal } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import {
  ApiProblems,
  CurrentPrincipal,
  Roles,
  Scope,
  setNextLink,
  Transfer,
  UuidParam,
} from '@waybill/platform/http';
import type { Request, Response } from 'express';
import { UploadProgress } from './upload-progress';
import { UploadListRequest, UploadPageDto } from './upload-progress.dto';
import { UploadProgressDto } from './upload.dto';

/** How uploads are getting on, whatever door they came through and whatever instance they run on. */
@ApiTags('Uploads')
@Controller('upload')
@Roles('ops')
export class UploadProgressController {
  constructor(
    private readonly progress: UploadProgress,
    private readonly config: AppConfig,
  ) {}

  @Get()
  @Scope('files:read', 'files:write')
  @ApiOperation({
    operationId: 'listUploads',
    summary: 'List your uploads',
    description: 'Newest first, in whatever state: this is where to look for what can be resumed.',
  })
  @ApiOkResponse({
    type: UploadPageDto,
    description: 'A page of your uploads.',
    headers: { Link: { schema: { type: 'string' }, description: 'The next page.' } },
  })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN')
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: UploadListRequest,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UploadPageDto> {
    const page = await this.progress.page(principal, query);
    setNextLink(request, response, this.config.http.publicUrl, page.nextCursor);
    return page;
  }

  @Get('progress/:uploadId')
  @Transfer()
  @Scope('files:read', 'files:write')
  @ApiOperation({
    operationId: 'getUploadProgress',
    summary: 'See how an upload is getting on',
    description:
      'While bytes come, from whichever instance they come through: `bytesUploaded` counts what has arrived, `speed` is an average over the last five seconds. After the last byte `phasePercent` goes on with the sealing, until `completed`.',
  })
  @ApiResponse({ status: 200, type: UploadProgressDto, description: 'What is known of it now.' })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND')
  async get(
    @Param('uploadId', UuidParam) uploadId: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<UploadProgressDto> {
    return this.progress.of(principal, uploadId);
  }
}
