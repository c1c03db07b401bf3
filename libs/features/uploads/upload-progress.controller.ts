import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import {
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { Principal } from '@waybill/core/kernel';
import { ProgressStreams } from '@waybill/features/progress';
import {
  ApiProblems,
  CurrentPrincipal,
  Paged,
  Roles,
  Scope,
  Transfer,
  UuidParam,
} from '@waybill/platform/http';
import type { Request, Response } from 'express';
import { UploadProgress } from './upload-progress';
import { UploadListRequest, UploadPageDto } from './upload-progress.dto';
import { UploadProgressDto } from './upload.dto';

const EVENT_EXAMPLE = `event: progress
id: mi81zg3k.5f2c9d0e7a41.33554432.uploading
data: {"status":"uploading","bytesUploaded":33554432,"totalBytes":67108864,"percentComplete":50}

`;

/** How uploads are getting on, whatever door they came through and whatever instance they run on. */
@ApiTags('Uploads')
@Controller('upload')
@Roles('ops')
export class UploadProgressController {
  constructor(
    private readonly progress: UploadProgress,
    private readonly streams: ProgressStreams,
  ) {}

  @Get()
  @Scope('files:read', 'files:write')
  @ApiOperation({
    operationId: 'listUploads',
    summary: 'List your uploads',
    description: 'Newest first, in whatever state: this is where to look for what can be resumed.',
  })
  @Paged(UploadPageDto, 'A page of your uploads.')
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN')
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: UploadListRequest,
  ): Promise<UploadPageDto> {
    return this.progress.page(principal, query);
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

  @Get('progress/:uploadId/events')
  @Transfer()
  @Scope('files:read', 'files:write')
  @ApiOperation({
    operationId: 'followUploadProgress',
    summary: 'Follow an upload as it goes',
    description:
      'The progress object as server-sent events named `progress`, at most four a second, whenever there is something new; the stream ends after a final status. Whoever comes back with `Last-Event-ID` goes on where he was, and is answered 204 if the end is what he saw last: an `EventSource` then stays away. The stream also ends when its credential does, and when the server is to stop; come back then.',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The id of the last event that was seen.',
    schema: { type: 'string' },
  })
  @ApiOkResponse({
    description: 'Events, each with the progress object as its data.',
    content: { 'text/event-stream': { schema: { type: 'string' }, example: EVENT_EXAMPLE } },
  })
  @ApiNoContentResponse({ description: 'The upload is over, and you have seen its end.' })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'RATE_LIMITED')
  async events(
    @Param('uploadId', UuidParam) uploadId: string,
    @CurrentPrincipal() principal: Principal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const facts = await this.progress.facts(principal, uploadId);
    this.streams.open(request, response, principal, facts);
  }
}
