import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Audited, AuditLogRepository, type AuditRecord } from '@waybill/platform/audit';
import { AppConfig } from '@waybill/platform/config';
import { ApiProblems, CursorCodec, Roles, setNextLink } from '@waybill/platform/http';
import type { Request, Response } from 'express';
import { AuditPageDto, AuditQuery, type AuditEntryDto } from './audit.dto';

/** The audit, for admins. Nothing here changes it. */
@ApiTags('Audit')
@Roles('admin')
@Controller('audit')
export class AuditController {
  constructor(
    private readonly audit: AuditLogRepository,
    private readonly cursors: CursorCodec,
    private readonly config: AppConfig,
  ) {}

  @Get()
  @Audited()
  @ApiOperation({
    operationId: 'listAudit',
    summary: 'See who did, or was refused, what',
    description:
      'The newest first. Refusals appear a second after their answer, what was done when its event is in the feed. The same refusal many times within a moment is one entry with a count. For admins.',
  })
  @ApiOkResponse({
    type: AuditPageDto,
    description: 'A page of entries.',
    headers: { Link: { schema: { type: 'string' }, description: 'The next page.' } },
  })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN')
  async list(
    @Query() { limit, cursor, ...filter }: AuditQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AuditPageDto> {
    const scope = JSON.stringify(['audit', filter]);
    const before = cursor === undefined ? null : String(this.cursors.decode(scope, cursor)[0]);
    // One more than asked for tells whether there is a next page.
    const found = await this.audit.list(filter, before, limit + 1);
    const items = found.slice(0, limit).map(entryView);
    const more = found.length > items.length;
    const nextCursor = more ? this.cursors.encode(scope, [items.at(-1)!.id]) : null;
    setNextLink(request, response, this.config.http.publicUrl, nextCursor);
    return { items, nextCursor };
  }
}

function entryView(record: AuditRecord): AuditEntryDto {
  return { ...record, data: record.data as object | null };
}
