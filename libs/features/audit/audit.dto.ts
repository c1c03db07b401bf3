import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDate, IsIn, IsOptional, IsString, IsUUID, Length } from 'class-validator';
import type { AuditOutcome } from '@waybill/platform/audit';
import { PageQuery } from '@waybill/platform/http';

const OUTCOMES: AuditOutcome[] = ['denied', 'allowed'];

/** Which entries. */
export class AuditQuery extends PageQuery {
  /** Only what this user did, or was refused. */
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  actorId?: string;

  /** Only what is about this file, upload, user or key. */
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  objectId?: string;

  /** A route (`GET /api/files/:id`) or the type of an event (`user.updated`). */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  action?: string;

  /** `denied` for what was refused. */
  @ApiPropertyOptional({ enum: OUTCOMES })
  @IsOptional()
  @IsIn(OUTCOMES)
  outcome?: AuditOutcome;

  /** From this time on. */
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  from?: Date;

  /** Before this time. */
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  to?: Date;
}

/** Who did, or was refused, what on which object. */
export class AuditEntryDto {
  @ApiProperty({ format: 'uuid' })
  id: string;
  @ApiProperty({ example: '2026-03-14T09:26:53.589Z' })
  at: Date;
  /** A route or the type of an event. */
  @ApiProperty({ example: 'GET /api/files/:id' })
  action: string;
  @ApiProperty({ enum: OUTCOMES })
  outcome: AuditOutcome;
  /** Of the problem that was answered, where it was refused. */
  @ApiProperty({ type: String, nullable: true, example: 'NOT_FOUND' })
  code: string | null;
  /** Null when nobody was known, or it was the system. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  actorId: string | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  objectId: string | null;
  /** Where the request came from. */
  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7' })
  address: string | null;
  /** As in the log. */
  @ApiProperty({ type: String, nullable: true })
  requestId: string | null;
  /** How often the same happened within a moment. */
  @ApiProperty({ type: 'integer', minimum: 1, example: 1 })
  times: number;
  /** What an event says: ids, names and codes. */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: { role: 'ops' } })
  data: object | null;
}

/** A page of the audit. */
export class AuditPageDto {
  @ApiProperty({ type: [AuditEntryDto] })
  items: AuditEntryDto[];
  /** Where the next page begins; null at the end. */
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
