import { Body, Controller, Get, HttpCode, Ip, Post } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Principal } from '@waybill/core/kernel';
import { ApiProblems, CurrentPrincipal, Public, RateLimit } from '@waybill/platform/http';
import { Idempotent } from '@waybill/platform/idempotency';
import { AccountsService } from './accounts.service';
import {
  LoginDto,
  LoginResultDto,
  RefreshDto,
  SignupDto,
  SignupResultDto,
  TokenPairDto,
  UserDto,
} from './auth.dto';
import { unauthenticated } from './auth.errors';
import { perAddress } from './auth.limits';
import { LoginService } from './login.service';
import { SessionsService } from './sessions.service';
import { SignupService } from './signup.service';
import type { Account } from './user.repository';

@ApiTags('Auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly signups: SignupService,
    private readonly logins: LoginService,
    private readonly sessions: SessionsService,
    private readonly accounts: AccountsService,
  ) {}

  @Public()
  @RateLimit(perAddress('signup'))
  @Post('signup')
  @ApiOperation({
    operationId: 'signUp',
    summary: 'Sign up',
    description:
      'Makes the account of a client, and mails a link to confirm its address. Until that is done it cannot log in.',
  })
  @Idempotent()
  @ApiCreatedResponse({
    type: SignupResultDto,
    description: 'The account, which waits for its confirmation.',
  })
  @ApiProblems('VALIDATION_FAILED', 'MALFORMED_BODY', 'SIGNUP_CLOSED', 'EMAIL_TAKEN', 'RATE_LIMITED')
  async signUp(@Body() { email, password, fullName }: SignupDto): Promise<SignupResultDto> {
    const id = await this.signups.signUp({ email, password, fullName: fullName ?? null });
    return { id, email, role: 'client', emailVerified: false };
  }

  @Public()
  @RateLimit(perAddress('login'))
  @Post('login')
  @ApiOperation({
    operationId: 'logIn',
    summary: 'Log in',
    description:
      'Starts a session. The answer is the same, and takes as long, for a wrong password and an unknown address.',
  })
  @HttpCode(200)
  @ApiOkResponse({ type: LoginResultDto, description: 'The session, and whose it is.' })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'INVALID_CREDENTIALS',
    'EMAIL_NOT_VERIFIED',
    'RATE_LIMITED',
  )
  async logIn(@Body() { email, password }: LoginDto, @Ip() address: string): Promise<LoginResultDto> {
    const { user, ...tokens } = await this.logins.logIn(email, password, address);
    return { ...tokens, user: toUserDto(user) };
  }

  @Public()
  @RateLimit(perAddress('refresh'))
  @Post('refresh')
  @ApiOperation({
    operationId: 'refreshSession',
    summary: 'Renew a session',
    description:
      'Trades a refresh token for a new pair. Each works once; one that comes a second time ends its whole session, since it may have been stolen.',
  })
  @HttpCode(200)
  @ApiOkResponse({ type: TokenPairDto, description: 'The new pair.' })
  @ApiProblems('VALIDATION_FAILED', 'MALFORMED_BODY', 'UNAUTHENTICATED', 'RATE_LIMITED')
  async refresh(@Body() { refreshToken }: RefreshDto): Promise<TokenPairDto> {
    return this.sessions.refresh(refreshToken);
  }

  @Public()
  @RateLimit(perAddress('logout'))
  @Post('logout')
  @ApiOperation({
    operationId: 'logOut',
    summary: 'Log out',
    description:
      'Ends the session of a refresh token; its access tokens end at once. Doing it again does no harm.',
  })
  @HttpCode(204)
  @ApiNoContentResponse({ description: 'It has ended.' })
  @ApiProblems('VALIDATION_FAILED', 'MALFORMED_BODY', 'UNAUTHENTICATED', 'RATE_LIMITED')
  async logOut(@Body() { refreshToken }: RefreshDto): Promise<void> {
    await this.sessions.end(refreshToken);
  }

  @Get('me')
  @ApiOperation({
    operationId: 'getMe',
    summary: 'See who you are',
    description: 'The account whose access token this is.',
  })
  @ApiOkResponse({ type: UserDto, description: 'Your account.' })
  @ApiProblems('UNAUTHENTICATED')
  async me(@CurrentPrincipal() principal: Principal): Promise<UserDto> {
    const account = await this.accounts.findById(principal.userId);
    if (account === null) throw unauthenticated(); // Removed since the guard looked.
    return toUserDto(account);
  }
}

function toUserDto({ id, email, fullName, role, emailVerified }: Account): UserDto {
  return { id, email, fullName, role, emailVerified };
}
