import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Query, Req, Res } from '@nestjs/common';
import {
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { AppError, type Principal } from '@waybill/core/kernel';
import { Audited } from '@waybill/platform/audit';
import { ApiProblems, CurrentPrincipal, Paged, Roles, UuidParam } from '@waybill/platform/http';
import { evaluateConditional } from '@waybill/platform/http/range';
import type { Request, Response } from 'express';
import { accountEtag } from './user-administration.policy';
import type { AdministeredAccount } from './user-administration.repository';
import { AdministeredUserDto, ChangeUserDto, UserListQuery, UserPageDto } from './users.dto';
import { UsersService } from './users.service';

/** Everybody's accounts, for admins. */
@ApiTags('Users')
@Roles('admin')
@Controller('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @Audited()
  @ApiOperation({
    operationId: 'listUsers',
    summary: 'List accounts',
    description: 'The newest first. For admins.',
  })
  @Paged(UserPageDto, 'A page of them.')
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN')
  async list(@Query() query: UserListQuery): Promise<UserPageDto> {
    return this.users.page(query);
  }

  @Get(':id')
  @Audited()
  @ApiOperation({
    operationId: 'getUser',
    summary: 'Look at an account',
    description: 'Send its ETag as `If-Match` with a change; what is used does not change it. For admins.',
  })
  @ApiHeader({ name: 'If-None-Match', required: false })
  @ApiOkResponse({
    type: AdministeredUserDto,
    description: 'The account.',
    headers: { ETag: { schema: { type: 'string' }, description: 'Strong.' } },
  })
  @ApiResponse({ status: 304, description: 'It is what `If-None-Match` names.' })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'PRECONDITION_FAILED')
  async get(
    @Param('id', UuidParam) id: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AdministeredUserDto | undefined> {
    const account = await this.users.find(id);
    const condition = conditionOf(request, account);
    if (condition === 412) throw changedMeanwhile();
    response.setHeader('ETag', accountEtag(account));
    if (condition === 'proceed') return account;
    response.status(304);
    return undefined;
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'changeUser',
    summary: 'Change an account',
    description:
      'Role, state and quota count at once, for what is running too. Disabling ends all credentials. The last admin can be neither demoted nor disabled. For admins.',
  })
  @ApiHeader({ name: 'If-Match', required: false, description: 'Changes only what has this ETag.' })
  @ApiOkResponse({
    type: AdministeredUserDto,
    description: 'The account as it is now.',
    headers: { ETag: { schema: { type: 'string' }, description: 'Of the account as it is now.' } },
  })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'UNAUTHENTICATED',
    'FORBIDDEN',
    'NOT_FOUND',
    'CONFLICT',
    'PRECONDITION_FAILED',
    'UNSUPPORTED_FILE_TYPE',
  )
  async change(
    @CurrentPrincipal() principal: Principal,
    @Param('id', UuidParam) id: string,
    @Body() change: ChangeUserDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AdministeredUserDto> {
    const changed = await this.users.change(principal.userId, id, change, asRequired(request));
    response.setHeader('ETag', accountEtag(changed));
    return changed;
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteUser',
    summary: 'Delete an account',
    description:
      'The account and its credentials are gone at once; its files and uploads are removed soon after, and nobody else’s. The last admin cannot be deleted. For admins.',
  })
  @ApiHeader({ name: 'If-Match', required: false, description: 'Deletes only what has this ETag.' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'PRECONDITION_FAILED')
  async delete(
    @CurrentPrincipal() principal: Principal,
    @Param('id', UuidParam) id: string,
    @Req() request: Request,
  ): Promise<void> {
    await this.users.delete(principal.userId, id, asRequired(request));
  }
}

function conditionOf(request: Request, account: AdministeredAccount) {
  return evaluateConditional({ method: request.method, etag: accountEtag(account) }, request.headers);
}

/** Refuses an account that is not in the state that the conditions of the request name. */
function asRequired(request: Request): (account: AdministeredAccount) => void {
  return (account) => {
    if (conditionOf(request, account) !== 'proceed') throw changedMeanwhile();
  };
}

function changedMeanwhile(): AppError {
  return new AppError('PRECONDITION_FAILED', 'The account is not in the state that the condition names.');
}
