import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { PageQuery } from '@waybill/platform/http';
import { UPLOAD_STATUSES, type UploadStatus } from './upload.entity';
import { UploadProgressDto } from './upload.dto';

/** Which page of the caller's uploads. */
export class UploadListRequest extends PageQuery {
  /** Only uploads of this status. */
  @ApiPropertyOptional({ enum: UPLOAD_STATUSES })
  @IsOptional()
  @IsIn(UPLOAD_STATUSES)
  status?: UploadStatus;
}

/** A page of uploads. */
export class UploadPageDto {
  @ApiProperty({ type: [UploadProgressDto] })
  items: UploadProgressDto[];

  @ApiProperty({ type: String, nullable: true, description: 'Null at the end.' })
  nextCursor: string | null;
}
