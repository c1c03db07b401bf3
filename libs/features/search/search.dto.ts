import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateBy,
} from 'class-validator';
import { FileDto, parseTime } from '@waybill/features/files';
import { PageQuery } from '@waybill/platform/http';
import { MAX_TERMS, parseTerms } from './search-terms';

const SORTS = [
  'relevance',
  '-relevance',
  'createdAt',
  '-createdAt',
  'name',
  '-name',
  'size',
  '-size',
] as const;
export type SearchSort = (typeof SORTS)[number];

const QUESTION_MAX_LENGTH = 256;
/** What the longest tag of a file has. */
const TAG_MAX_LENGTH = 50;
const TYPE_MAX_LENGTH = 50;

const HasFewTerms = (): PropertyDecorator =>
  ValidateBy({
    name: 'hasFewTerms',
    validator: {
      validate: (value) => typeof value === 'string' && parseTerms(value).length <= MAX_TERMS,
      defaultMessage: () => `must have at most ${MAX_TERMS} words`,
    },
  });

const IsTime = (): PropertyDecorator =>
  ValidateBy({
    name: 'isTime',
    validator: {
      validate: (value) => typeof value === 'string' && parseTime(value) !== null,
      defaultMessage: () => 'must be a time in the form of RFC 3339',
    },
  });

/** A whole number of bytes, as queries have it. */
const Bytes = (): PropertyDecorator =>
  Transform(({ value }) => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value));

/** What to look for; whatever is given must hold. */
export class FileSearchQuery extends PageQuery {
  /**
   * Words, of which each must be in name, title, tags or description, at least as the beginning of a word; three letters
   * and more are also found within names. Accents and case do not matter; `%`, `_` and the like mean themselves.
   *
   * @example "quarterly figures"
   */
  @IsOptional()
  @IsString()
  @MaxLength(QUESTION_MAX_LENGTH)
  @HasFewTerms()
  q?: string;

  /** What the name contains. One or two letters are the beginning of a word in it. */
  @IsOptional()
  @IsString()
  @Length(1, QUESTION_MAX_LENGTH)
  name?: string;

  /**
   * An extension (`docx`), a category (`document`, `media`) or a kind of media (`video`, `photo`, `camera`).
   *
   * @example "docx"
   */
  @IsOptional()
  @IsString()
  @MaxLength(TYPE_MAX_LENGTH)
  @Matches(/^\.?[\p{L}\p{N}_-]+$/u)
  type?: string;

  /** A tag, the whole of it; accents and case do not matter. */
  @IsOptional()
  @IsString()
  @Length(1, TAG_MAX_LENGTH)
  tag?: string;

  /** Not before this time, in RFC 3339. */
  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsTime()
  uploadedFrom?: string;

  /** Not after this time, in RFC 3339. */
  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsTime()
  uploadedTo?: string;

  /** Bytes, at least. */
  @ApiPropertyOptional({ type: 'integer', format: 'int64' })
  @IsOptional()
  @Bytes()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  minSize?: number;

  /** Bytes, at most. */
  @ApiPropertyOptional({ type: 'integer', format: 'int64' })
  @IsOptional()
  @Bytes()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  maxSize?: number;

  /**
   * `relevance` (the best first; the default where there is a `q`) or a key to sort by, with a leading `-` for descending;
   * newest first where nothing is said.
   */
  @ApiPropertyOptional({ enum: SORTS })
  @IsOptional()
  @IsIn(SORTS)
  sort?: SearchSort;
}

/** Where something was found. */
export class HighlightDto {
  /** `name`, `title`, `description` or `tags`; for tags one entry each. */
  @ApiProperty({ enum: ['name', 'title', 'description', 'tags'] })
  field: string;
  /**
   * The text, or the part of a long one, as HTML: escaped, with `<mark>` around what was found.
   *
   * @example "<mark>report</mark>.docx"
   */
  html: string;
}

/** A file that was found. */
export class FoundFileDto extends FileDto {
  /** How well it answers `q`: more is better, comparable within one search; 0 where there was no `q`. */
  @ApiProperty({ type: 'number', example: 1.61 })
  score: number;
  /** What was found where. */
  highlight: HighlightDto[];
}

/** A page of what was found. */
export class FoundPageDto {
  items: FoundFileDto[];
  /** Where the next page begins; null at the end. */
  nextCursor: string | null;
}
