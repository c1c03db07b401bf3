import { ApiProperty } from '@nestjs/swagger';
import { ANNOUNCED_EVENTS, type EventType } from '@waybill/core/contracts';

/** Something that happened to what is yours. */
export class EventDto {
  /**
   * The same in webhooks, sockets and here: what has been seen need not be looked at again.
   *
   * @example "0199a4c2-9b04-7e6a-8f13-4c0d2e7b5a91"
   */
  @ApiProperty({ format: 'uuid' })
  id: string;
  @ApiProperty({ enum: ANNOUNCED_EVENTS, enumName: 'EventType', example: 'file.downloaded' })
  type: EventType;
  occurredAt: Date;
  /** Ids, names and codes, by type. */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { fileId: '0199a4c2-7d10-7c3e-9b41-52f0c8a6e13d', fileName: 'offer.docx' },
  })
  data: object;
}

/** A page of events, in the order in which they were committed. */
export class EventPageDto {
  items: EventDto[];
  /** Where the next page begins; null when there is no more by now. */
  nextCursor: string | null;
  /**
   * Where to go on, now or after a while: behind the last event of this page.
   *
   * @example "WzE3XQ0Yc1kq7vJ2bN5mR8tL3xWd"
   */
  resumeCursor: string;
}
