import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Query, Req, Res } from '@nestjs/common';
import {
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { AppError, Clock, type Principal } from '@waybill/core/kernel';
import { ApiProblems, CurrentPrincipal, Paged, Scope, UuidParam } from '@waybill/platform/http';
import { evaluateConditional } from '@waybill/platform/http/range';
import type { Request, Response } from 'express';
import { FileAccess } from './file-access';
import { readFileChanges } from './file-changes';
import { FileChangesRequest } from './file-changes.dto';
import { FileCatalogue } from './file-catalogue';
import { FileDto, FileListQuery, FilePageDto } from './file.dto';
import { fileEtag, toFileDto } from './file.mapper';
import { FileMetadata } from './file-metadata';
import type { FileRecord } from './file.repository';
import { FilesService } from './files.service';

/** What there is to know of files, and their end. */
@ApiTags('Files')
@Controller('files')
export class FilesController {
  constructor(
    private readonly access: FileAccess,
    private readonly catalogue: FileCatalogue,
    private readonly metadata: FileMetadata,
    private readonly files: FilesService,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Scope('files:read')
  @ApiOperation({
    operationId: 'listFiles',
    summary: 'List files',
    description: 'Ops see what they own, clients what is available to them; newest first.',
  })
  @Paged(FilePageDto, 'A page of them.')
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED')
  async list(@CurrentPrincipal() principal: Principal, @Query() query: FileListQuery): Promise<FilePageDto> {
    return this.catalogue.page(principal, query);
  }

  @Get(':id')
  @Scope('files:read')
  @ApiOperation({
    operationId: 'getFile',
    summary: 'Look at a file',
    description:
      'The ETag is of its revision: send it as `If-Match` with a change. Who downloads does not change it.',
  })
  @ApiHeader({ name: 'If-None-Match', required: false })
  @ApiOkResponse({
    type: FileDto,
    description: 'The file.',
    headers: {
      ETag: { schema: { type: 'string' }, description: 'Strong; of the revision.' },
      'X-Cache': {
        schema: { type: 'string', enum: ['HIT', 'MISS'] },
        description: 'Whether the metadata cache had it, in this very revision.',
      },
    },
  })
  @ApiResponse({ status: 304, description: 'It is what `If-None-Match` names.' })
  @ApiProblems('UNAUTHENTICATED', 'NOT_FOUND', 'FILE_NOT_READY', 'GONE', 'PRECONDITION_FAILED')
  async get(
    @CurrentPrincipal() principal: Principal,
    @Param('id', UuidParam) id: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileDto | undefined> {
    const glance = await this.access.glance(principal, id);
    const condition = evaluateConditional(
      { method: request.method, etag: fileEtag(glance) },
      request.headers,
    );
    if (condition === 412) throw changedMeanwhile();
    if (condition === 304) {
      response.setHeader('ETag', fileEtag(glance)).status(304);
      return undefined;
    }
    const { file, revision, hit } = await this.metadata.show(principal, glance);
    response.setHeader('ETag', fileEtag({ revision })).setHeader('X-Cache', hit ? 'HIT' : 'MISS');
    return file;
  }

  @Patch(':id')
  @Scope('files:write')
  @ApiOperation({
    operationId: 'updateFile',
    summary: 'Change a file',
    description:
      'What is left out stays; null clears. Who may have the file is looked at on every request, so that taking somebody off the recipients, or making a file private, also ends the links that were given out. New recipients who have an account are told by mail. What is so already is no change.',
  })
  @ApiHeader({ name: 'If-Match', required: false, description: 'Changes only this revision.' })
  @ApiOkResponse({
    type: FileDto,
    description: 'The file as it is now.',
    headers: { ETag: { schema: { type: 'string' }, description: 'Of the new revision.' } },
  })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'UNAUTHENTICATED',
    'FORBIDDEN',
    'NOT_FOUND',
    'FILE_NOT_READY',
    'GONE',
    'PRECONDITION_FAILED',
  )
  async update(
    @CurrentPrincipal() principal: Principal,
    @Param('id', UuidParam) id: string,
    @Body() body: FileChangesRequest,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileDto> {
    const file = await this.access.requireCurrent(principal, 'manage', id);
    const revision = requiredRevision(request, file);
    await this.files.change(file.id, principal.userId, readFileChanges(body, this.clock.now()), revision);
    const changed = await this.access.requireCurrent(principal, 'manage', id);
    response.setHeader('ETag', fileEtag(changed));
    return toFileDto(changed, principal);
  }

  @Delete(':id')
  @Scope('files:write')
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
    await this.files.delete(file.id, principal.userId, requiredRevision(request, file));
  }
}

/** The revision that a change is meant for, by the conditions of its request; null where it has none that names one. */
function requiredRevision(request: Request, file: FileRecord): number | null {
  const condition = evaluateConditional({ method: request.method, etag: fileEtag(file) }, request.headers);
  if (condition !== 'proceed') throw changedMeanwhile();
  const wanted = request.headers['if-match'];
  return wanted === undefined || wanted.trim() === '*' ? null : file.revision;
}

function changedMeanwhile(): AppError {
  return new AppError('PRECONDITION_FAILED', 'The file is not in the state that the condition names.');
}
