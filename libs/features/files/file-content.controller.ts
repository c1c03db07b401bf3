import { Body, Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '@waybill/core/kernel';
import { ApiProblems, CurrentPrincipal, UuidParam, Scope, Transfer } from '@waybill/platform/http';
import { Idempotent } from '@waybill/platform/idempotency';
import type { Request, Response } from 'express';
import { ApiBytes } from './api-bytes';
import { FileContent } from './content';
import { DownloadLinks } from './download-links';
import { DownloadService } from './download.service';
import { FileAccess } from './file-access';
import { FileSources } from './file-sources';
import { DownloadLinkDto, DownloadLinkRequest } from './file.dto';

/** The bytes of a file for its owner, and links to them for whoever may download it. */
@ApiTags('Files')
@Controller('files/:id')
export class FileContentController {
  constructor(
    private readonly access: FileAccess,
    private readonly links: DownloadLinks,
    private readonly downloads: DownloadService,
    private readonly sources: FileSources,
  ) {}

  @Get('content')
  @Transfer()
  @Scope('files:read')
  @ApiOperation({
    operationId: 'getFileContent',
    summary: 'Download a file of your own',
    description: 'For its owner, and not counted; everybody else asks for a download link.',
  })
  @ApiBytes()
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN', 'FILE_NOT_READY')
  async content(
    @CurrentPrincipal() principal: Principal,
    @Param('id', UuidParam) id: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const file = await this.access.requireCurrent(principal, 'manage', id);
    await this.downloads.answer(request, response, new FileContent(file, this.sources), null);
  }

  @Post('download-link')
  @Scope('files:read')
  @Idempotent()
  @ApiOperation({
    operationId: 'createDownloadLink',
    summary: 'Get a download link',
    description: 'It works for your account alone, as long as you have access to the file, until it expires.',
  })
  @ApiCreatedResponse({ type: DownloadLinkDto, description: 'The link.' })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'UNAUTHENTICATED',
    'NOT_FOUND',
    'FILE_NOT_READY',
    'GONE',
  )
  async link(
    @CurrentPrincipal() principal: Principal,
    @Param('id', UuidParam) id: string,
    @Body() { expiresInSeconds }: DownloadLinkRequest,
  ): Promise<DownloadLinkDto> {
    const file = await this.access.requireObtainable(principal, 'read', id);
    return this.links.issue({ fileId: file.id, userId: principal.userId }, expiresInSeconds);
  }
}
