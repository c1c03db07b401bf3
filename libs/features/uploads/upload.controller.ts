import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Principal } from '@waybill/core/kernel';
import { ApiProblems, CurrentPrincipal, Roles, Scope, Transfer, UuidParam } from '@waybill/platform/http';
import { JobQueue } from '@waybill/platform/queue';
import { SealingService } from './sealing/sealing.service';
import { UploadCancelledDto, UploadRetriedDto } from './upload.dto';
import { UploadEndings } from './upload-endings.service';

/** What can be done to an upload, whatever door it came through. */
@ApiTags('Uploads')
@Controller('upload')
@Roles('ops')
export class UploadController {
  constructor(
    private readonly endings: UploadEndings,
    private readonly sealing: SealingService,
    private readonly jobs: JobQueue,
  ) {}

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
    await this.endings.cancel(principal, uploadId);
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
}
