import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsObject, ValidateIf, ValidateNested } from 'class-validator';
import type { MailPreferences } from './optional-mails';

/** Which mails you get. Those that an account needs (confirmation, reset, invitation) come in any case. */
export class MailPreferencesDto implements MailPreferences {
  /** A file is there for you. */
  @ApiProperty({ example: true })
  fileAvailable: boolean;
  /** A file of yours was downloaded: at most one an hour for each file, which says how often. */
  @ApiProperty({ example: false })
  fileDownloaded: boolean;
  /** A file of yours is about to expire. */
  @ApiProperty({ example: true })
  fileExpiring: boolean;
}

/** What you want to hear of. */
export class PreferencesDto {
  mails: MailPreferencesDto;
}

/** Which mails you want to get; what is left out stays. */
export class MailPreferencesChangesDto implements Partial<MailPreferences> {
  @ApiPropertyOptional({ type: Boolean })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  fileAvailable?: boolean;

  @ApiPropertyOptional({ type: Boolean, example: false })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  fileDownloaded?: boolean;

  @ApiPropertyOptional({ type: Boolean })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  fileExpiring?: boolean;
}

/** What is to become other; what is left out stays. */
export class PreferencesChangesDto {
  @ApiPropertyOptional({ type: MailPreferencesChangesDto })
  @ValidateIf((_, value) => value !== undefined)
  @IsObject()
  @ValidateNested()
  @Type(() => MailPreferencesChangesDto)
  mails?: MailPreferencesChangesDto;
}
