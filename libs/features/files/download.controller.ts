import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AppError } from '@waybill/core/kernel';
import { PrincipalSource, Public, Transfer, type AccountPrincipal } from '@waybill/platform/http';
import type { Request, Response } from 'express';
import { ApiBytes } from './api-bytes';
import { FileContent } from './content';
import { DownloadLinks } from './download-links';
import { DownloadService, type Counting } from './download.service';
import { FileAccess } from './file-access';
import { FileSources } from './file-sources';
import { owns } from './file.policy';
import type { FileRecord } from './file.repository';
import { FilesService } from './files.service';

/** Where download links lead. */
@ApiTags('Files')
@Controller('download')
export class DownloadController {
  constructor(
    private readonly links: DownloadLinks,
    private readonly people: PrincipalSource,
    private readonly access: FileAccess,
    private readonly downloads: DownloadService,
    private readonly sources: FileSources,
    private readonly files: FilesService,
  ) {}

  @Get(':token')
  @Public()
  @Transfer()
  @ApiOperation({
    operationId: 'download',
    summary: 'Download through a link',
    description:
      'The link is all that is needed. Whether its user may still have the file is looked at on every request; with the credential of another user it is as unknown as any. A download by anybody but the owner counts against `maxDownloads` once its first byte is sent; a range that goes on with one that broke does not count again.',
  })
  @ApiBytes()
  async download(
    @Param('token') token: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { fileId, userId } = await this.links.open(token);
    const reader = await this.holder(userId, request);
    const file = await this.access.requireCurrent(reader, 'read', fileId);
    const content = new FileContent(file, this.sources);
    await this.downloads.answer(
      request,
      response,
      content,
      owns(reader, file) ? null : this.counted(file, userId),
    );
  }

  private counted(file: FileRecord, userId: string): Counting {
    return { share: null, userId, announce: (tx) => this.files.noteDownload(tx, file, userId) };
  }

  /** The user whom the link was given to. A credential is not needed, but another's shows that the link has wandered. */
  private async holder(userId: string, request: Request): Promise<AccountPrincipal> {
    const bearer = await this.people.byRequest(request);
    const holder = bearer === null || bearer.userId === userId ? await this.people.byUserId(userId) : null;
    if (holder === null) throw AppError.notFound();
    return holder;
  }
}
