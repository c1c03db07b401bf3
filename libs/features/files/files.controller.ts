import { Controller, Delete, Get, HttpCode, Param, Query, Req, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { AppError, type Principal } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { ApiProblems, CurrentPrincipal, UuidParam, setNextLink } from '@waybill/platform/http';
import { evaluateConditional } from '@waybill/platform/http/range';
import type { Request, Response } from 'express';
import { FileAccess } from './file-access';
import { FileCatalogue } from './file-catalogue';
import { FileDto, FileListQuery, FilePageDto } from './file.dto';
import { fileEtag, toFileDto } from './file.mapper';
import { FilesService } from './files.service';

/** What there is to know of files, and their end. */
@ApiTags('Files')
@ApiBearerAuth()
@Controller('files')
export class FilesController {
  constructor(
    private readonly access: FileAccess,
    private readonly catalogue: FileCatalogue,
    private readonly files: FilesService,
    private readonly config: AppConfig,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'listFiles',
    summary: 'List files',
    description: 'Ops see what they own, clients what is available to them; newest first.',
  })
  @ApiOkResponse({
    type: FilePageDto,
    headers: { Link: { schema: { type: 'string' }, description: 'The next page.' } },
  })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED')
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: FileListQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FilePageDto> {
    const page = await this.catalogue.page(principal, query);
    setNextLink(request, response, this.config.http.publicUrl, page.nextCursor);
    return page;
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getFile', summary: 'Look at a file' })
  @ApiHeader({ name: 'If-None-Match', required: false })
  @ApiOkResponse({
    type: FileDto,
    headers: { ETag: { schema: { type: 'string' }, description: 'Strong; of the revision.' } },
  })
  @ApiResponse({ status: 304, description: 'It is what `If-None-Match` names.' })
  @ApiProblems('UNAUTHENTICATED', 'NOT_FOUND', 'FILE_NOT_READY', 'GONE', 'PRECONDITION_FAILED')
  async get(
    @CurrentPrincipal() principal: Principal,
    @Param('id', UuidParam) id: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileDto | undefined> {
    const file = await this.access.requireCurrent(principal, id);
    const etag = fileEtag(file);
    const condition = evaluateConditional({ method: request.method, etag }, request.headers);
    if (condition === 412) throw changedMeanwhile();
    response.setHeader('ETag', etag);
    if (condition === 'proceed') return toFileDto(file, principal);
    response.status(304);
    return undefined;
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteFile',
    summary: 'Delete a file',
    description: 'Its links die and its key is destroyed at once; the bytes follow.',
  })
  @ApiHeader({ name: 'If-Match', required: false, description: 'Deletes only this revision.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'FILE_NOT_READY', 'GONE', 'PRECONDITION_FAILED')
  async delete(
    @CurrentPrincipal() principal: Principal,
    @Param('id', UuidParam) id: string,
    @Req() request: Request,
  ): Promise<void> {
    const file = await this.access.require(principal, 'manage', id);
    const condition = evaluateConditional({ method: request.method, etag: fileEtag(file) }, request.headers);
    if (condition !== 'proceed') throw changedMeanwhile();
    const conditional =
      request.headers['if-match'] !== undefined && request.headers['if-match'].trim() !== '*';
    await this.files.delete(file.id, principal.userId, conditional ? file.revision : null);
  }
}

function changedMeanwhile(): AppError {
  return new AppError('PRECONDITION_FAILED', 'The file is not in the state that the condition names.');
}
