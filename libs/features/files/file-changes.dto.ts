import { ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
  type ValidationOptions,
} from 'class-validator';
import { EMAIL_MAX_LENGTH, isEmailAddress } from '@waybill/platform/http';
import { characters, LIMITS, MAX_DOWNLOADS, VISIBILITIES } from './attribute-rules';
import type { Visibility } from './file.entity';

/** Counts code points, as the form of an upload does. */
const MaxCharacters = (limit: number, options: ValidationOptions = {}): PropertyDecorator =>
  ValidateBy(
    {
      name: 'maxCharacters',
      validator: {
        validate: (value) => typeof value === 'string' && characters(value) <= limit,
        defaultMessage: () => `must have at most ${limit} characters${options.each ? ' each' : ''}`,
      },
    },
    options,
  );

const AreEmailAddresses = (): PropertyDecorator =>
  ValidateBy(
    {
      name: 'areEmailAddresses',
      validator: {
        validate: isEmailAddress,
        defaultMessage: () => `must be e-mail addresses of at most ${EMAIL_MAX_LENGTH} characters each`,
      },
    },
    { each: true },
  );

/** What is to become other of a file. What is left out stays as it is; null takes away what is there. */
export class FileChangesRequest {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: LIMITS.title, example: 'Offer, final' })
  @IsOptional()
  @IsString()
  @MaxCharacters(LIMITS.title)
  title?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: LIMITS.description })
  @IsOptional()
  @IsString()
  @MaxCharacters(LIMITS.description)
  description?: string | null;

  /** All of them; what is not among them is not a tag any more. */
  @ApiPropertyOptional({
    type: [String],
    nullable: true,
    maxItems: LIMITS.tags,
    example: ['offer', 'spring'],
  })
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  @MaxCharacters(LIMITS.tag, { each: true })
  tags?: string[] | null;

  /** Whatever but `restricted` also takes the recipients away. */
  @ApiPropertyOptional({ enum: VISIBILITIES })
  @ValidateIf((_, value) => value !== undefined)
  @IsIn(VISIBILITIES)
  visibility?: Visibility;

  /**
   * E-mail addresses of clients, all of them; whoever is not among them loses access at once, also through links that
   * he holds. An address without an account waits for the client who verifies it. Only for `restricted` files.
   */
  @ApiPropertyOptional({
    type: [String],
    nullable: true,
    maxItems: LIMITS.recipients,
    example: ['ada@example.org'],
  })
  @IsOptional()
  @IsArray()
  @AreEmailAddresses()
  recipients?: string[] | null;

  /** When the file stops being available, in RFC 3339. */
  @ApiPropertyOptional({ type: String, format: 'date-time', nullable: true })
  @IsOptional()
  @IsString()
  expiresAt?: string | null;

  /** The same, in seconds from now. Not together with `expiresAt`. */
  @ApiPropertyOptional({ type: 'integer', nullable: true, minimum: 1 })
  @IsOptional()
  @IsInt()
  @Min(1)
  expiresInSeconds?: number | null;

  /** How often the file may be downloaded by others than its owner; may be less than it was already. */
  @ApiPropertyOptional({ type: 'integer', nullable: true, minimum: 1, maximum: MAX_DOWNLOADS })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_DOWNLOADS)
  maxDownloads?: number | null;
}
