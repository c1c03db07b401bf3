import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Principal } from '@waybill/core/kernel';
import {
  ApiProblems,
  CurrentPrincipal,
  Paged,
  PageQuery,
  Roles,
  Scope,
  UuidParam,
} from '@waybill/platform/http';
import { Idempotent } from '@waybill/platform/idempotency';
import {
  CreatedWebhookDto,
  CreateWebhookDto,
  UpdateWebhookDto,
  WebhookDeliveryDto,
  WebhookDeliveryPageDto,
  WebhookDeliveryQuery,
  WebhookDto,
  WebhookPageDto,
} from './webhooks.dto';
import { WebhooksService } from './webhooks.service';
import type { WebhookRecord } from './webhook.repository';

/** Being told by HTTP of what happens. */
@ApiTags('Notifications')
@ApiBearerAuth()
@Roles('ops')
@Scope('webhooks')
@Controller('webhooks')
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Post()
  @Idempotent()
  @ApiOperation({
    operationId: 'createWebhook',
    summary: 'Make a webhook',
    description:
      'Events of your files, uploads and shares are sent there as they happen, signed by Standard Webhooks with the secret of this answer: at least once, under the same `webhook-id` when repeated, and in order for each file. What is not answered by 2xx within 15 seconds is tried again for three days; 410 disables the webhook.',
  })
  @ApiCreatedResponse({ type: CreatedWebhookDto, description: 'The webhook, and its secret.' })
  @ApiProblems(
    'VALIDATION_FAILED',
    'MALFORMED_BODY',
    'UNAUTHENTICATED',
    'FORBIDDEN',
    'CONFLICT',
    'KEY_UNAVAILABLE',
  )
  async create(
    @CurrentPrincipal() { userId }: Principal,
    @Body() wish: CreateWebhookDto,
  ): Promise<CreatedWebhookDto> {
    const { webhook, secret } = await this.webhooks.create(userId, wish);
    return { ...shown(webhook), secret };
  }

  @Get()
  @ApiOperation({
    operationId: 'listWebhooks',
    summary: 'List webhooks',
    description: 'Your own, the newest first.',
  })
  @Paged(WebhookPageDto, 'A page of them.')
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN')
  async list(@CurrentPrincipal() { userId }: Principal, @Query() query: PageQuery): Promise<WebhookPageDto> {
    const { items, nextCursor } = await this.webhooks.page(userId, query);
    return { items: items.map(shown), nextCursor };
  }

  @Get(':id')
  @ApiOperation({
    operationId: 'getWebhook',
    summary: 'Look at a webhook',
    description: 'Without its secret, which is shown once.',
  })
  @ApiOkResponse({ type: WebhookDto, description: 'The webhook.' })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND')
  async get(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id', UuidParam) id: string,
  ): Promise<WebhookDto> {
    return shown(await this.webhooks.find(userId, id));
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'updateWebhook',
    summary: 'Change a webhook',
    description: 'Disabling it cancels what is still to be delivered; enabling it brings none of that back.',
  })
  @ApiOkResponse({ type: WebhookDto, description: 'The webhook as it is now.' })
  @ApiProblems('VALIDATION_FAILED', 'MALFORMED_BODY', 'UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND')
  async update(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id', UuidParam) id: string,
    @Body() changes: UpdateWebhookDto,
  ): Promise<WebhookDto> {
    return shown(await this.webhooks.update(userId, id, changes));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteWebhook',
    summary: 'Delete a webhook',
    description: 'With what it is still owed, and the list of what it was told.',
  })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND')
  async delete(@CurrentPrincipal() { userId }: Principal, @Param('id', UuidParam) id: string): Promise<void> {
    await this.webhooks.delete(userId, id);
  }

  @Get(':id/deliveries')
  @ApiOperation({
    operationId: 'listWebhookDeliveries',
    summary: 'List deliveries',
    description: 'What the webhook was told, or is to be told, the newest first; kept for 30 days.',
  })
  @Paged(WebhookDeliveryPageDto, 'A page of them.')
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND')
  async deliveries(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id', UuidParam) id: string,
    @Query() query: WebhookDeliveryQuery,
  ): Promise<WebhookDeliveryPageDto> {
    return this.webhooks.deliveriesOf(userId, id, query);
  }

  @Post(':id/deliveries/:deliveryId/redeliver')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'redeliverWebhook',
    summary: 'Deliver once more',
    description: 'Under the same id, which the receiver may know; tried again like a new one.',
  })
  @ApiAcceptedResponse({ type: WebhookDeliveryDto, description: 'It is on its way.' })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT')
  async redeliver(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id', UuidParam) id: string,
    @Param('deliveryId', UuidParam) deliveryId: string,
  ): Promise<WebhookDeliveryDto> {
    return this.webhooks.redeliver(userId, id, deliveryId);
  }

  @Post(':id/test')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'testWebhook',
    summary: 'Test a webhook',
    description: 'Sends a message of the type `webhook.test`; look for it among the deliveries.',
  })
  @ApiAcceptedResponse({ type: WebhookDeliveryDto, description: 'It is on its way.' })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT')
  async test(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id', UuidParam) id: string,
  ): Promise<WebhookDeliveryDto> {
    return this.webhooks.test(userId, id);
  }
}

function shown({
  id,
  url,
  events,
  disabledAt,
  disabledReason,
  createdAt,
  updatedAt,
}: WebhookRecord): WebhookDto {
  return { id, url, events, enabled: disabledAt === null, disabledReason, createdAt, updatedAt };
}
