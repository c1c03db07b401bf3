import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { PageQuery } from '@waybill/platform/http';
import { LIMITS } from './attribute-rules';
import { VISIBILITIES } from './attribute-rules';
import { LINK_DEFAULT_SECONDS, LINK_MAX_SECONDS } from './download-links';
import type { FileCategory, FileStatus, FileType, Visibility } from './file.entity';

const SORTS = ['createdAt', '-createdAt', 'name', '-name', 'size', '-size'] as const;
export type FileSort = (typeof SORTS)[number];
const STATUSES: FileStatus[] = ['available', 'corrupt'];

/** Which files, in which order. */
export class FileListQuery extends PageQuery {
  /** The key to sort by; a leading `-` is for descending. Newest first where nothing is said. */
  @ApiPropertyOptional()
  @IsOptional()
  @IsIn(SORTS)
  sort: FileSort = '-createdAt';

  /** Only files of this status. */
  @IsOptional()
  @IsIn(STATUSES)
  status?: FileStatus;

  /** Only files of this chat. */
  @IsOptional()
  @IsString()
  @Length(1, LIMITS.chatId)
  chatId?: string;

  /** Only files of this group. */
  @IsOptional()
  @IsString()
  @Length(1, LIMITS.groupId)
  groupId?: string;

  /** `downloadUrl` gives each item a link that is ready to use. */
  @IsOptional()
  @IsIn(['downloadUrl'])
  include?: 'downloadUrl';
}

/** Who owns a file. */
export class FileOwnerDto {
  @ApiProperty({ format: 'uuid' })
  id: string;
  fullName: string | null;
}

/** What there is to know of a file. */
export class FileDto {
  @ApiProperty({ format: 'uuid' })
  id: string;
  /** @example "offer.docx" */
  name: string;
  /** Lower case, without the dot. */
  extension: string;
  mediaType: string;
  @ApiProperty({ enum: ['document', 'media'] })
  category: FileCategory;
  /** What kind of media it is; null for documents. */
  @ApiProperty({ type: String, nullable: true, enum: ['video', 'photo', 'camera', null] })
  fileType: FileType | null;
  title: string | null;
  description: string | null;
  tags: string[];
  /** Bytes. */
  @ApiProperty({ type: 'integer', format: 'int64' })
  size: number;
  /** Of the bytes, in hexadecimal. */
  sha256: string;
  /** `corrupt` once its stored bytes were found damaged: downloads answer 500 `INTEGRITY_FAILURE`. */
  @ApiProperty({ enum: STATUSES })
  status: FileStatus;
  @ApiProperty({ enum: VISIBILITIES })
  visibility: Visibility;
  /** E-mail addresses of the recipients; shown to the owner alone. */
  recipients?: string[];
  expiresAt: Date | null;
  @ApiProperty({ type: 'integer', nullable: true })
  maxDownloads: number | null;
  @ApiProperty({ type: 'integer' })
  downloadCount: number;
  owner: FileOwnerDto;
  chatId: string | null;
  groupId: string | null;
  createdAt: Date;
  updatedAt: Date;
  /** A link that is ready to use, where the list was asked to include it. */
  @ApiPropertyOptional({ format: 'uri' })
  downloadUrl?: string;
}

/** A page of files. */
export class FilePageDto {
  items: FileDto[];
  /** Where the next page begins; null at the end. */
  nextCursor: string | null;
}

/** How long a download link is to live. */
export class DownloadLinkRequest {
  /** Seconds. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsOptional()
  @Transform(({ value }) => (value === null ? undefined : value))
  @IsInt()
  @Min(1)
  @Max(LINK_MAX_SECONDS)
  expiresInSeconds: number = LINK_DEFAULT_SECONDS;
}

/** A download link. */
export class DownloadLinkDto {
  @ApiProperty({ format: 'uri' })
  downloadUrl: string;
  expiresAt: Date;
}
