import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, IsString, Length, MaxLength, ValidateBy, type ValidationOptions } from 'class-validator';
import { PASSWORD_MAX_CHARACTERS } from '@waybill/core/crypto';
import { ROLES, type Role } from '@waybill/core/kernel';
import { EMAIL_MAX_LENGTH, isEmailAddress } from './email-address';

/** In UTF-16 units, of which a character has at most two: whatever is longer is nobody's password. */
export const PASSWORD_MAX_UNITS = PASSWORD_MAX_CHARACTERS * 2;
const TOKEN_MAX_LENGTH = 512;
export const NAME_MAX_LENGTH = 200;

export function IsEmailAddress(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isEmailAddress',
      validator: {
        validate: isEmailAddress,
        defaultMessage: () => `must be an e-mail address of at most ${EMAIL_MAX_LENGTH} characters`,
      },
    },
    options,
  );
}

export class SignupDto {
  /** @example ada@example.com */
  @IsEmailAddress()
  email: string;

  /**
   * 8 to 128 characters, not a common one.
   * @example "correct horse battery staple"
   */
  @IsString()
  @MaxLength(PASSWORD_MAX_UNITS)
  password: string;

  /** @example "Ada Lovelace" */
  @IsOptional()
  @IsString()
  @Length(1, NAME_MAX_LENGTH)
  fullName?: string | null;
}

export class LoginDto {
  /** @example ada@example.com */
  @IsEmailAddress()
  email: string;

  /** @example "correct horse battery staple" */
  @IsString()
  @MaxLength(PASSWORD_MAX_UNITS)
  password: string;
}

export class RefreshDto {
  /** The newest refresh token of the session; it works once. */
  @IsString()
  @Length(1, TOKEN_MAX_LENGTH)
  refreshToken: string;
}

export class ResendConfirmationDto {
  /** @example ada@example.com */
  @IsEmailAddress()
  email: string;
}

export class ForgotPasswordDto {
  /** @example ada@example.com */
  @IsEmailAddress()
  email: string;
}

export class ResetPasswordDto {
  /** The last part of the link in the mail; it works once. */
  @IsString()
  @Length(1, TOKEN_MAX_LENGTH)
  token: string;

  /**
   * 8 to 128 characters, not a common one.
   * @example "correct horse battery staple"
   */
  @IsString()
  @MaxLength(PASSWORD_MAX_UNITS)
  password: string;
}

export class ChangePasswordDto {
  @IsString()
  @MaxLength(PASSWORD_MAX_UNITS)
  currentPassword: string;

  /**
   * 8 to 128 characters, not a common one.
   * @example "a quieter horse, another staple"
   */
  @IsString()
  @MaxLength(PASSWORD_MAX_UNITS)
  newPassword: string;
}

export class SignupResultDto {
  id: string;
  email: string;
  role: 'client';
  emailVerified: false;
}

export class UserDto {
  id: string;
  email: string;
  fullName: string | null;
  @ApiProperty({ enum: ROLES, enumName: 'Role' })
  role: Role;
  emailVerified: boolean;
}

export class TokenPairDto {
  /** A JWT for the `Authorization: Bearer` header. */
  accessToken: string;
  /** Opaque; trade it at `POST /auth/refresh` before it expires, 30 days after it was given. */
  refreshToken: string;
  tokenType: 'Bearer';
  /** How long the access token is good, in seconds. */
  expiresIn: number;
}

export class LoginResultDto extends TokenPairDto {
  user: UserDto;
}

export class EmailVerifiedDto {
  emailVerified: true;
}
