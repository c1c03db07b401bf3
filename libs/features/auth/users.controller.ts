import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Query, Req, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '@waybill/core/kernel';
import { Audited } from '@waybill/platform/audit';
import { AppConfig } from '@waybill/platform/config';
import { ApiProblems, CurrentPrincipal, Roles, setNextLink, UuidParam } from '@waybill/platform/http';
import type { Request, Response } from 'express';
import { AdministeredUserDto, ChangeUserDto, UserListQuery, UserPageDto } from './users.dto';
import { UsersService } from './users.service';

/** Everybody's accounts, for admins. */
@ApiTags('Users')
@Roles('admin')
@Controller('users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly config: AppConfig,
  ) {}

  @Get()
  @Audited()
  @ApiOperation({
    operationId: 'listUsers',
    summary: 'List accounts',
    description: 'The newest first. For admins.',
  })
  @ApiOkResponse({
    type: UserPageDto,
    description: 'A page of them.',
    headers: { Link: { schema: { type: 'string' }, description: 'The next page.' } },
  })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN')
  async list(
    @Query() query: UserListQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UserPageDto> {
    const page = await this.users.page(query);
    setNextLink(request, response, this.config.http.publicUrl, page.nextCursor);
    return page;
  }

  @Get(':id')
  @Audited()
  @ApiOperation({ operationId: 'getUser', summary: 'Look at an account', description: 'For admins.' })
  @ApiOkResponse({ type: AdministeredUserDto, description: 'The account.' })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND')
  async get(@Param('id', UuidParam) id: string): Promise<AdministeredUserDto> {
    return this.users.find(id);
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'changeUser',
    summary: 'Change an account',
    description:
      'Role, state and quota count at once, for what is running too. Disabling ends all credentials. The last admin can be neither demoted nor disabled. For admins.',
  })
  @ApiOkResponse({ type: AdministeredUserDto, description: 'The account as it is now.' })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'UNAUTHENTICATED',
    'FORBIDDEN',
    'NOT_FOUND',
    'CONFLICT',
    'UNSUPPORTED_FILE_TYPE',
  )
  async change(
    @CurrentPrincipal() principal: Principal,
    @Param('id', UuidParam) id: string,
    @Body() change: ChangeUserDto,
  ): Promise<AdministeredUserDto> {
    return this.users.change(principal.userId, id, change);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteUser',
    summary: 'Delete an account',
    description:
      'The account and its credentials are gone at once; its files and uploads are removed soon after, and nobody else’s. The last admin cannot be deleted. For admins.',
  })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT')
  async delete(@CurrentPrincipal() principal: Principal, @Param('id', UuidParam) id: string): Promise<void> {
    await this.users.delete(principal.userId, id);
  }
}
