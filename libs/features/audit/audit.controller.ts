import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Audited, AuditLogRepository, type AuditRecord } from '@waybill/platform/audit';
import { ApiProblems, CursorCodec, Paged, Roles } from '@waybill/platform/http';
import { AuditPageDto, AuditQuery, type AuditEntryDto } from './audit.dto';

/** The audit, for admins. Nothing here changes it. */
@ApiTags('Audit')
@Roles('admin')
@Controller('audit')
export class AuditController {
  constructor(
    private readonly audit: AuditLogRepository,
    private readonly cursors: CursorCodec,
  ) {}

  @Get()
  @Audited()
  @ApiOperation({
    operationId: 'listAudit',
    summary: 'See who did, or was refused, what',
    description:
      'The newest first. Refusals appear a second after their answer, what was done when its event is in the feed. The same refusal many times within a moment is one entry with a count. For admins.',
  })
  @Paged(AuditPageDto, 'A page of entries.')
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN')
  async list(@Query() { limit, cursor, ...filter }: AuditQuery): Promise<AuditPageDto> {
    const scope = JSON.stringify(['audit', filter]);
    const before = cursor === undefined ? null : String(this.cursors.decode(scope, cursor)[0]);
    // One more than asked for tells whether there is a next page.
    const found = await this.audit.list(filter, before, limit + 1);
    const items = found.slice(0, limit).map(entryView);
    const more = found.length > items.length;
    const nextCursor = more ? this.cursors.encode(scope, [items.at(-1)!.id]) : null;
    return { items, nextCursor };
  }
}

function entryView(record: AuditRecord): AuditEntryDto {
  return { ...record, data: record.data as object | null };
}
