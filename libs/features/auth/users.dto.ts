import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsOptional, IsString, Length, Max, Min, ValidateIf } from 'class-validator';
import { ROLES, type Role } from '@waybill/core/kernel';
import { PageQuery } from '@waybill/platform/http';
import { NAME_MAX_LENGTH } from './auth.dto';

/** Absent is fine, null is not: there is nothing to clear. */
const IfGiven = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined);

/** Which accounts. */
export class UserListQuery extends PageQuery {
  /** Only accounts of this role. */
  @ApiPropertyOptional({ enum: ROLES, enumName: 'Role' })
  @IsOptional()
  @IsIn(ROLES)
  role?: Role;
}

/** What is to be changed of an account; what is absent stays. */
export class ChangeUserDto {
  @ApiPropertyOptional({ enum: ROLES, enumName: 'Role' })
  @IfGiven()
  @IsIn(ROLES)
  role?: Role;

  /** Disabling ends sessions, API keys and uploads; enabling gives none of them back. */
  @IfGiven()
  @IsBoolean()
  disabled?: boolean;

  /** Null clears it. */
  @ApiPropertyOptional({ type: String, nullable: true, minLength: 1, maxLength: NAME_MAX_LENGTH })
  @IsOptional()
  @IsString()
  @Length(1, NAME_MAX_LENGTH)
  fullName?: string | null;

  /** Bytes that the user may store, 0 for none; null for what is configured for everybody. */
  @ApiPropertyOptional({
    type: 'integer',
    format: 'int64',
    nullable: true,
    minimum: 0,
    example: 10_737_418_240,
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  quotaBytes?: number | null;
}

/** An account, for admins. */
export class AdministeredUserDto {
  @ApiProperty({ format: 'uuid' })
  id: string;
  @ApiProperty({ format: 'email' })
  email: string;
  fullName: string | null;
  @ApiProperty({ enum: ROLES, enumName: 'Role' })
  role: Role;
  emailVerified: boolean;
  disabled: boolean;
  /** Bytes that the user may store; null is what is configured for everybody. */
  @ApiProperty({ type: 'integer', format: 'int64', nullable: true })
  quotaBytes: number | null;
  /** Bytes that the user stores, unfinished uploads included. */
  @ApiProperty({ type: 'integer', format: 'int64' })
  usedBytes: number;
  createdAt: Date;
}

/** A page of accounts. */
export class UserPageDto {
  @ApiProperty({ type: [AdministeredUserDto] })
  items: AdministeredUserDto[];
  /** Where the next page begins; null at the end. */
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
