import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Clock, type Principal } from '@waybill/core/kernel';
import { ApiProblems, CurrentPrincipal, Paged, PageQuery, UuidParam } from '@waybill/platform/http';
import { Idempotent } from '@waybill/platform/idempotency';
import { ApiKeyPageDto, CreateApiKeyDto, CreatedApiKeyDto, expiryOf } from './api-keys.dto';
import { ApiKeys } from './api-keys.service';

/** Credentials for integrations. None of these routes has a scope: a key cannot make, see or end keys. */
@ApiTags('API keys')
@Controller('auth/api-keys')
export class ApiKeysController {
  constructor(
    private readonly keys: ApiKeys,
    private readonly clock: Clock,
  ) {}

  @Post()
  @Idempotent()
  @ApiOperation({
    operationId: 'createApiKey',
    summary: 'Make an API key',
    description:
      'For integrations: it goes where an access token goes, works within its scopes, and is shown in this answer only.',
  })
  @ApiCreatedResponse({ type: CreatedApiKeyDto, description: 'The key.' })
  @ApiProblems('VALIDATION_FAILED', 'MALFORMED_BODY', 'UNAUTHENTICATED', 'FORBIDDEN', 'UNSUPPORTED_FILE_TYPE')
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() wish: CreateApiKeyDto,
  ): Promise<CreatedApiKeyDto> {
    const expiresAt = expiryOf(wish, this.clock.now());
    const { name, scopes } = wish;
    const { record, key } = await this.keys.create(principal.userId, { name, scopes, expiresAt });
    return { ...record, key };
  }

  @Get()
  @ApiOperation({
    operationId: 'listApiKeys',
    summary: 'List your API keys',
    description: 'The newest first, without what is secret of them.',
  })
  @Paged(ApiKeyPageDto, 'A page of them.')
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN')
  async list(@CurrentPrincipal() principal: Principal, @Query() query: PageQuery): Promise<ApiKeyPageDto> {
    return this.keys.page(principal.userId, query);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'revokeApiKey',
    summary: 'Revoke an API key',
    description: 'It is worth nothing from now on.',
  })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND')
  async revoke(@CurrentPrincipal() principal: Principal, @Param('id', UuidParam) id: string): Promise<void> {
    await this.keys.revoke(principal.userId, id);
  }
}
