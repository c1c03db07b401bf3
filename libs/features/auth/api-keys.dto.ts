import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
} from 'class-validator';
import { AppError, SCOPES, type Scope } from '@waybill/core/kernel';

const DAY_SECONDS = 24 * 60 * 60;
const DEFAULT_SECONDS = 90 * DAY_SECONDS;
const MAX_SECONDS = 366 * DAY_SECONDS;
const NAME_MAX_LENGTH = 100;

/** What kind of key is wanted. */
export class CreateApiKeyDto {
  /**
   * What you call it.
   * @example "nightly import"
   */
  @IsString()
  @Length(1, NAME_MAX_LENGTH)
  name: string;

  /** What it may be used for; never more than you may do yourself. */
  @ApiProperty({ enum: SCOPES, enumName: 'Scope', isArray: true, minItems: 1, example: ['files:read'] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(SCOPES.length)
  @IsIn(SCOPES, { each: true })
  scopes: Scope[];

  /** When it ends; within 366 days. 90 days from now where nothing is said. */
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  expiresAt?: string;

  /** The same as seconds from now; one of the two. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_SECONDS })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_SECONDS)
  expiresInSeconds?: number;
}

/** An API key, without its secret. */
export class ApiKeyDto {
  @ApiProperty({ format: 'uuid' })
  id: string;
  name: string;
  @ApiProperty({ enum: SCOPES, enumName: 'Scope', isArray: true })
  scopes: Scope[];
  createdAt: Date;
  expiresAt: Date;
  /** To the minute; null before its first use. */
  lastUsedAt: Date | null;
}

/** A key that was just made. */
export class CreatedApiKeyDto extends ApiKeyDto {
  /**
   * The key itself, for `Authorization: Bearer`. It is shown here only.
   * @example wb_5vJmVOUV8gkYQ0yVnGd0hLJ9rF2bT7cXwZs1uA4eKpM
   */
  key: string;
}

/** A page of API keys. */
export class ApiKeyPageDto {
  @ApiProperty({ type: [ApiKeyDto] })
  items: ApiKeyDto[];
  /** Where the next page begins; null at the end. */
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

/** When the wanted key ends. `VALIDATION_FAILED` for a time that is past or too far, or said twice. */
export function expiryOf({ expiresAt, expiresInSeconds }: CreateApiKeyDto, now: Date): Date {
  if (expiresAt === undefined || expiresAt === null) {
    return new Date(now.getTime() + (expiresInSeconds ?? DEFAULT_SECONDS) * 1000);
  }
  const time = new Date(expiresAt);
  const latest = now.getTime() + MAX_SECONDS * 1000;
  const detail =
    expiresInSeconds !== undefined && expiresInSeconds !== null
      ? 'cannot be there together with expiresInSeconds'
      : Number.isFinite(time.getTime()) && time > now && time.getTime() <= latest
        ? null
        : 'must lie in the future, within 366 days';
  if (detail === null) return time;
  throw new AppError('VALIDATION_FAILED', 'The body is not valid.', {
    errors: [{ pointer: '/expiresAt', detail }],
  });
}
