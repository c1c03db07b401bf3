import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateIf,
} from 'class-validator';
import { MAX_DOWNLOADS } from '@waybill/features/files';
import { BUNDLE_MAX_FILES, BUNDLE_NAME_MAX_LENGTH, MAX_SECONDS, PASSWORD_MAX_LENGTH } from './share.policy';

/** How a share is to be. */
export class CreateShareRequest {
  /** When it ends, in RFC 3339; within 90 days. Seven days from now where nothing is said. */
  @ApiPropertyOptional({ type: String, format: 'date-time', nullable: true })
  @IsOptional()
  @IsString()
  expiresAt?: string | null;

  /** The same, in seconds from now. Not together with `expiresAt`. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_SECONDS, nullable: true, example: 86_400 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_SECONDS)
  expiresInSeconds?: number | null;

  /** How many deliveries it is good for; without limit where nothing is said. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_DOWNLOADS, nullable: true, example: 3 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_DOWNLOADS)
  maxDownloads?: number | null;

  /** What whoever has the link must know beside. */
  @ApiPropertyOptional({
    type: String,
    minLength: 1,
    maxLength: PASSWORD_MAX_LENGTH,
    nullable: true,
    example: 'blue heron 42',
  })
  @IsOptional()
  @IsString()
  @Length(1, PASSWORD_MAX_LENGTH)
  password?: string | null;
}

/** A share of several files, handed out as one archive. */
export class CreateBundleRequest extends CreateShareRequest {
  /** Files of your own, in the order of the archive. */
  @ApiProperty({
    type: 'array',
    items: { type: 'string', format: 'uuid' },
    minItems: 1,
    maxItems: BUNDLE_MAX_FILES,
    uniqueItems: true,
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(BUNDLE_MAX_FILES)
  @ArrayUnique()
  @IsUUID('all', { each: true })
  fileIds: string[];

  /** What the archive is called, without `.zip`. */
  @ApiPropertyOptional({
    type: String,
    minLength: 1,
    maxLength: BUNDLE_NAME_MAX_LENGTH,
    nullable: true,
    example: 'Spring campaign',
  })
  @IsOptional()
  @IsString()
  @Length(1, BUNDLE_NAME_MAX_LENGTH)
  name?: string | null;
}

/** What is to become other of a share. What is left out stays. */
export class ChangeShareRequest {
  /** When it ends, in RFC 3339; within 90 days. A share always ends, so null is not taken. */
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @ValidateIf((_, value) => value !== undefined)
  @IsString()
  expiresAt?: string;

  /** The same, in seconds from now. Not together with `expiresAt`. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_SECONDS })
  @ValidateIf((_, value) => value !== undefined)
  @IsInt()
  @Min(1)
  @Max(MAX_SECONDS)
  expiresInSeconds?: number;

  /** May be less than it was downloaded already: then it is exhausted from now on. Null takes the limit away. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_DOWNLOADS, nullable: true })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_DOWNLOADS)
  maxDownloads?: number | null;

  /** A change ends what was unlocked with the one before. Null takes the password away. */
  @ApiPropertyOptional({ type: String, minLength: 1, maxLength: PASSWORD_MAX_LENGTH, nullable: true })
  @IsOptional()
  @IsString()
  @Length(1, PASSWORD_MAX_LENGTH)
  password?: string | null;
}

/** A share, without its link. */
export class ShareDto {
  @ApiProperty({ format: 'uuid' })
  id: string;
  /** Null where it is a share of several. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  fileId: string | null;
  /** All of its files, in the order of the archive. */
  @ApiProperty({ type: [String] })
  fileIds: string[];
  /** What the archive is called; null for a single file. */
  @ApiProperty({ type: String, nullable: true })
  name: string | null;
  expiresAt: Date;
  @ApiProperty({ type: 'integer', nullable: true })
  maxDownloads: number | null;
  /** Deliveries that have begun. */
  @ApiProperty({ type: 'integer' })
  downloadCount: number;
  passwordProtected: boolean;
  @ApiProperty({ type: Date, nullable: true })
  revokedAt: Date | null;
  createdAt: Date;
}

/** A share that was just made. What leads to it is told here only: of the token a hash is kept. */
export class CreatedShareDto extends ShareDto {
  /** @example "Jq3xZ0k2m7Yw1pR5tV9sB4nC8dF6gH2jL0aE3iO7uXc" */
  token: string;
  /** The page for people. */
  @ApiProperty({ format: 'uri' })
  shareUrl: string;
  /** The bytes, for programs. */
  @ApiProperty({ format: 'uri' })
  directUrl: string;
}

/** A page of shares. */
export class SharePageDto {
  @ApiProperty({ type: [ShareDto] })
  items: ShareDto[];
  /** Where the next page begins; null at the end. */
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

/** What whoever holds a link may know before he downloads. */
export class ShareInfoDto {
  /** Null until it is unlocked, where there is a password. */
  @ApiProperty({ type: String, nullable: true })
  name: string | null;
  /** Bytes. */
  @ApiProperty({ type: 'integer', format: 'int64' })
  size: number;
  /** Null until it is unlocked, where there is a password. */
  @ApiProperty({ type: String, nullable: true })
  mediaType: string | null;
  expiresAt: Date;
  passwordProtected: boolean;
  /** Null is without limit. */
  @ApiProperty({ type: 'integer', nullable: true })
  remainingDownloads: number | null;
}

export class UnlockShareRequest {
  @IsString()
  @MaxLength(1024)
  password: string;
}

/** What lets its holder download from a share with a password. */
export class ShareTicketDto {
  /** For `Authorization: Bearer`, or `?ticket=`. */
  ticket: string;
  /** Seconds. */
  @ApiProperty({ type: 'integer', example: 3600 })
  expiresIn: number;
}

/** The form of the page. */
export class ShareFormRequest {
  @IsOptional()
  @IsString()
  @MaxLength(1024)
  password?: string;
}
