import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AppError } from '@waybill/core/kernel';
import { PrincipalSource, Public, Transfer, type AccountPrincipal } from '@waybill/platform/http';
import type { Request, Response } from 'express';
import { ApiBytes } from './api-bytes';
import { DownloadLinks } from './download-links';
import { DownloadService } from './download.service';
import { FileAccess } from './file-access';

/** Where download links lead. */
@ApiTags('Files')
@Controller('download')
export class DownloadController {
  constructor(
    private readonly links: DownloadLinks,
    private readonly people: PrincipalSource,
    private readonly access: FileAccess,
    private readonly downloads: DownloadService,
  ) {}

  @Get(':token')
  @Public()
  @Transfer()
  @ApiOperation({
    operationId: 'download',
    summary: 'Download through a link',
    description:
      'The link is all that is needed. Whether its user may still have the file is looked at on every request; with the credential of another user it is as unknown as any.',
  })
  @ApiBytes()
  async download(
    @Param('token') token: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { fileId, userId } = await this.links.open(token);
    const reader = await this.holder(userId, request);
    const file = await this.access.requireObtainable(reader, 'read', fileId);
    await this.downloads.answer(request, response, file, reader);
  }

  /** The user whom the link was given to. A credential is not needed, but another's shows that the link has wandered. */
  private async holder(userId: string, request: Request): Promise<AccountPrincipal> {
    const bearer = await this.people.byRequest(request);
    const holder = bearer === null || bearer.userId === userId ? await this.people.byUserId(userId) : null;
    if (holder === null) throw AppError.notFound();
    return holder;
  }
}
