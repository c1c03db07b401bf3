import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsOptional, IsString, Length, MaxLength } from 'class-validator';
import { ROLES, type Role } from '@waybill/core/kernel';
import { IsEmailAddress, NAME_MAX_LENGTH, PASSWORD_MAX_UNITS } from './auth.dto';

/** Who is invited, as what. */
export class InviteDto {
  /** @example ada@example.com */
  @IsEmailAddress()
  email: string;

  /** Ops may invite clients only. */
  @ApiProperty({ enum: ROLES, enumName: 'Role', example: 'client' })
  @IsIn(ROLES)
  role: Role;
}

/** An invitation; its link is in the mail alone. */
export class InvitationDto {
  @ApiProperty({ format: 'uuid' })
  id: string;
  @ApiProperty({ format: 'email' })
  email: string;
  @ApiProperty({ enum: ROLES, enumName: 'Role' })
  role: Role;
  expiresAt: Date;
}

/** What makes an account of an invitation. */
export class AcceptInvitationDto {
  /**
   * 8 to 128 characters, not a common one.
   * @example "correct horse battery staple"
   */
  @IsString()
  @MaxLength(PASSWORD_MAX_UNITS)
  password: string;

  /** @example "Ada Lovelace" */
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: NAME_MAX_LENGTH })
  // A form sends what was left blank.
  @Transform(({ value }) => (value === '' ? null : value))
  @IsOptional()
  @IsString()
  @Length(1, NAME_MAX_LENGTH)
  fullName?: string | null;
}
