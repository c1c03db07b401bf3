import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { AppError, Clock, type Principal } from '@waybill/core/kernel';
import { FileAccess, SharedFiles } from '@waybill/features/files';
import {
  ApiProblems,
  CurrentPrincipal,
  CursorCodec,
  Paged,
  PageQuery,
  Roles,
  Scope,
  UuidParam,
} from '@waybill/platform/http';
import { evaluateConditional } from '@waybill/platform/http/range';
import { Idempotent } from '@waybill/platform/idempotency';
import type { Request, Response } from 'express';
import {
  ChangeShareRequest,
  CreateBundleRequest,
  CreatedShareDto,
  CreateShareRequest,
  ShareDto,
  SharePageDto,
} from './share.dto';
import { ShareLinks } from './share-links';
import { shareEtag, toShareDto } from './share.mapper';
import { BUNDLE_DEFAULT_NAME, expiryOf } from './share.policy';
import { ShareRepository, type ShareRecord } from './share.repository';
import { SharesService } from './shares.service';

const ETAG = { ETag: { schema: { type: 'string' as const }, description: 'Strong; of the revision.' } };

/** Links to files for people without an account: made, looked at, changed and ended by who owns the files. */
@ApiTags('Sharing')
@ApiBearerAuth()
@Controller()
export class SharesController {
  constructor(
    private readonly access: FileAccess,
    private readonly files: SharedFiles,
    private readonly shares: SharesService,
    private readonly catalogue: ShareRepository,
    private readonly links: ShareLinks,
    private readonly cursors: CursorCodec,
    private readonly clock: Clock,
  ) {}

  @Post('files/:id/share')
  @Scope('shares')
  @Idempotent()
  @ApiOperation({
    operationId: 'shareFile',
    summary: 'Share a file by link',
    description:
      'For whoever has the link, account or not. `shareUrl` is a page for people, `directUrl` the bytes for programs; token and addresses are told in this answer only.',
  })
  @ApiCreatedResponse({ type: CreatedShareDto, description: 'The share, and its link.', headers: ETAG })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'UNAUTHENTICATED',
    'FORBIDDEN',
    'NOT_FOUND',
    'FILE_NOT_READY',
    'GONE',
    'UNSUPPORTED_FILE_TYPE',
    'RATE_LIMITED',
  )
  async share(
    @CurrentPrincipal() principal: Principal,
    @Param('id', UuidParam) id: string,
    @Body() body: CreateShareRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CreatedShareDto> {
    const file = await this.access.requireCurrent(principal, 'manage', id);
    return this.create(principal, body, [file], null, response);
  }

  @Post('shares')
  @Scope('shares')
  @Roles('ops')
  @Idempotent()
  @ApiOperation({
    operationId: 'shareFiles',
    summary: 'Share several files by one link',
    description:
      'They are handed out as one ZIP archive, stored, put together while it is sent: the same files give the same bytes, so it has a strong ETag, a length and ranges, and what broke is gone on with. It counts as one delivery, of the share and of each of its files. When one of the files is gone, so is the share.',
  })
  @ApiCreatedResponse({ type: CreatedShareDto, description: 'The share, and its link.', headers: ETAG })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'UNAUTHENTICATED',
    'FORBIDDEN',
    'NOT_FOUND',
    'GONE',
    'UNSUPPORTED_FILE_TYPE',
    'RATE_LIMITED',
  )
  async shareSeveral(
    @CurrentPrincipal() principal: Principal,
    @Body() body: CreateBundleRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CreatedShareDto> {
    const files = await this.files.of(principal.userId, body.fileIds);
    if (files === null) throw AppError.notFound();
    const created = await this.create(principal, body, files, body.name ?? BUNDLE_DEFAULT_NAME, response);
    void this.files.prepare(files);
    return created;
  }

  @Get('files/:id/shares')
  @Scope('shares')
  @ApiOperation({
    operationId: 'listShares',
    summary: 'List the shares of a file',
    description: 'All that it is or was in, the newest first; without their links, of which hashes are kept.',
  })
  @Paged(SharePageDto, 'A page of them.')
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'FILE_NOT_READY', 'GONE')
  async list(
    @CurrentPrincipal() principal: Principal,
    @Param('id', UuidParam) id: string,
    @Query() { limit, cursor }: PageQuery,
  ): Promise<SharePageDto> {
    const file = await this.access.requireCurrent(principal, 'manage', id);
    const scope = `shares ${file.id}`;
    const before = cursor === undefined ? null : String(this.cursors.decode(scope, cursor)[0]);
    const found = await this.catalogue.ofFile(file.id, before, limit + 1);
    const shown = found.slice(0, limit);
    const nextCursor = found.length > limit ? this.cursors.encode(scope, [shown.at(-1)!.id]) : null;
    return { items: shown.map(toShareDto), nextCursor };
  }

  @Get('shares/:id')
  @Scope('shares')
  @ApiOperation({
    operationId: 'getShare',
    summary: 'Look at a share',
    description: 'How it stands, and how often it was downloaded; without its link, of which a hash is kept.',
  })
  @ApiOkResponse({ type: ShareDto, description: 'The share.', headers: ETAG })
  @ApiProblems('UNAUTHENTICATED', 'NOT_FOUND')
  async get(
    @CurrentPrincipal() principal: Principal,
    @Param('id', UuidParam) id: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ShareDto> {
    const share = await this.own(principal, id);
    response.setHeader('ETag', shareEtag(share));
    return toShareDto(share);
  }

  @Patch('shares/:id')
  @Scope('shares')
  @ApiOperation({
    operationId: 'updateShare',
    summary: 'Change a share',
    description:
      'Expiry, limit, password; what is left out stays, null takes limit or password away. Another password ends what was unlocked with the one before; a limit below the count means that it is exhausted from now on.',
  })
  @ApiHeader({ name: 'If-Match', required: false, description: 'Changes only this revision.' })
  @ApiOkResponse({ type: ShareDto, description: 'As it is now.', headers: ETAG })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'UNAUTHENTICATED',
    'NOT_FOUND',
    'GONE',
    'PRECONDITION_FAILED',
    'UNSUPPORTED_FILE_TYPE',
    'RATE_LIMITED',
  )
  async update(
    @CurrentPrincipal() principal: Principal,
    @Param('id', UuidParam) id: string,
    @Body() body: ChangeShareRequest,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ShareDto> {
    const share = await this.own(principal, id);
    const revision = requiredRevision(request, share);
    const { maxDownloads, password } = body;
    const wish = { expiresAt: expiryOf(body, this.clock.now()), maxDownloads, password };
    const changed = await this.shares.change(share, wish, revision);
    response.setHeader('ETag', shareEtag(changed));
    return toShareDto(changed);
  }

  @Delete('shares/:id')
  @Scope('shares')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'revokeShare',
    summary: 'Revoke a share',
    description: 'Its link is over at once, on every instance; it says so (410) to whoever has it.',
  })
  @ApiHeader({ name: 'If-Match', required: false, description: 'Revokes only this revision.' })
  @ApiNoContentResponse({ description: 'It is revoked.' })
  @ApiProblems('UNAUTHENTICATED', 'NOT_FOUND', 'PRECONDITION_FAILED')
  async revoke(
    @CurrentPrincipal() principal: Principal,
    @Param('id', UuidParam) id: string,
    @Req() request: Request,
  ): Promise<void> {
    const share = await this.own(principal, id);
    await this.shares.revoke(share, requiredRevision(request, share));
  }

  private async create(
    principal: Principal,
    wish: CreateShareRequest,
    files: readonly { id: string }[],
    name: string | null,
    response: Response,
  ): Promise<CreatedShareDto> {
    const { share, token } = await this.shares.create({
      ownerId: principal.userId,
      fileIds: files.map(({ id }) => id),
      name,
      expiresAt: expiryOf(wish, this.clock.now()),
      maxDownloads: wish.maxDownloads ?? null,
      password: wish.password ?? null,
    });
    response.setHeader('ETag', shareEtag(share));
    return { ...toShareDto(share), token, ...this.links.of(token) };
  }

  private async own(principal: Principal, id: string): Promise<ShareRecord> {
    const share = await this.catalogue.find(principal.userId, id);
    // Whoever is no owner of files any more has no shares, either.
    if (share === null || !share.ownerActive) throw AppError.notFound();
    return share;
  }
}

/** The revision that a change is meant for, by the conditions of its request; null where it has none that names one. */
function requiredRevision(request: Request, share: ShareRecord): number | null {
  const condition = evaluateConditional({ method: request.method, etag: shareEtag(share) }, request.headers);
  if (condition !== 'proceed') {
    throw new AppError('PRECONDITION_FAILED', 'The share is not in the state that the condition names.');
  }
  const wanted = request.headers['if-match'];
  return wanted === undefined || wanted.trim() === '*' ? null : share.revision;
}
