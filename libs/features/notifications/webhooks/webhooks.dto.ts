import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsOptional,
  IsString,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import { ANNOUNCED_EVENTS } from '@waybill/core/contracts';
import { PageQuery } from '@waybill/platform/http';
import { DELIVERY_STATUSES, type DisabledReason, type WebhookDeliveryStatus } from './webhook.entity';

const TYPES = ['*', ...ANNOUNCED_EVENTS];
const URL_MAX_LENGTH = 2_000;
const URL_EXAMPLE = 'https://intranet.example.org/hooks/waybill';
const WEBHOOK_ID = '0199a4c5-1e37-7a90-b6d2-94c8f0a1e25b';

/** A webhook that is wanted. */
export class CreateWebhookDto {
  /** Where to: `https://`, a public address, no user name; redirects are not followed. */
  @ApiProperty({ maxLength: URL_MAX_LENGTH, example: URL_EXAMPLE })
  @IsString()
  @MaxLength(URL_MAX_LENGTH)
  url: string;

  /** Of what; `*` is everything. */
  @ApiProperty({
    enum: TYPES,
    enumName: 'WebhookEvent',
    isArray: true,
    minItems: 1,
    example: ['file.downloaded'],
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(TYPES.length)
  @IsIn(TYPES, { each: true })
  events: string[];
}

/** What is to become other of a webhook; what is left out stays. */
export class UpdateWebhookDto {
  @ApiPropertyOptional({ maxLength: URL_MAX_LENGTH, example: URL_EXAMPLE })
  @ValidateIf((_, value) => value !== undefined)
  @IsString()
  @MaxLength(URL_MAX_LENGTH)
  url?: string;

  @ApiPropertyOptional({ enum: TYPES, enumName: 'WebhookEvent', isArray: true, minItems: 1 })
  @ValidateIf((_, value) => value !== undefined)
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(TYPES.length)
  @IsIn(TYPES, { each: true })
  events?: string[];

  /** Whether it is told of things. One that was disabled is told of what happens from now on. */
  @ApiPropertyOptional({ type: Boolean, example: true })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  enabled?: boolean;
}

/** A webhook, without its secret. */
export class WebhookDto {
  @ApiProperty({ format: 'uuid', example: WEBHOOK_ID })
  id: string;
  @ApiProperty({ format: 'uri', example: URL_EXAMPLE })
  url: string;
  @ApiProperty({ enum: TYPES, enumName: 'WebhookEvent', isArray: true, example: ['file.downloaded'] })
  events: string[];
  @ApiProperty({ example: true })
  enabled: boolean;
  /** Why it is disabled: `owner` has said so, or the receiver, by 410 (`gone`). Null while it is enabled. */
  @ApiProperty({ type: String, enum: ['owner', 'gone', null], nullable: true, example: null })
  disabledReason: DisabledReason | null;
  createdAt: Date;
  updatedAt: Date;
}

/** A webhook that was just made. */
export class CreatedWebhookDto extends WebhookDto {
  /** What its messages are signed with, by Standard Webhooks. It is shown here only. */
  @ApiProperty({ example: 'whsec_b3BlbiBzZXNhbWUgZm9yIHdlYmhvb2tzLCBvbmx5IGhlcmU=' })
  secret: string;
}

/** A page of webhooks. */
export class WebhookPageDto {
  @ApiProperty({ type: [WebhookDto] })
  items: WebhookDto[];
  /** Where the next page begins; null at the end. */
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

/** Which deliveries. */
export class WebhookDeliveryQuery extends PageQuery {
  /** Only those of this status. */
  @IsOptional()
  @IsIn(DELIVERY_STATUSES)
  @ApiPropertyOptional({ enum: DELIVERY_STATUSES })
  status?: WebhookDeliveryStatus;
}

/** That a webhook was, or is to be, told of an event. */
export class WebhookDeliveryDto {
  @ApiProperty({ format: 'uuid', example: '0199a4c6-02b1-7f44-9d08-5be3c7a9016d' })
  id: string;
  /** The event's, and the `webhook-id` of every try. */
  @ApiProperty({ format: 'uuid', example: '0199a4c2-9b04-7e6a-8f13-4c0d2e7b5a91' })
  eventId: string;
  /** Of the event; `webhook.test` of a test. */
  @ApiProperty({ example: 'file.downloaded' })
  type: string;
  /** `failed` when it was given up; `cancelled` when the webhook was disabled before. */
  @ApiProperty({ enum: DELIVERY_STATUSES, enumName: 'WebhookDeliveryStatus', example: 'delivered' })
  status: WebhookDeliveryStatus;
  /** How often it was tried. */
  @ApiProperty({ type: 'integer', example: 1 })
  attempts: number;
  /** When it is tried again; null when it is not. */
  nextAttemptAt: Date | null;
  /** What the receiver answered last; null where no answer came. */
  @ApiProperty({ type: 'integer', nullable: true, example: 204 })
  responseStatus: number | null;
  /** Why it was no success. */
  @ApiProperty({ type: String, nullable: true, example: null })
  error: string | null;
  createdAt: Date;
  finishedAt: Date | null;
}

/** A page of deliveries. */
export class WebhookDeliveryPageDto {
  @ApiProperty({ type: [WebhookDeliveryDto] })
  items: WebhookDeliveryDto[];
  /** Where the next page begins; null at the end. */
  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
