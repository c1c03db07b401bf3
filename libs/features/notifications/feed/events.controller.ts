import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ANNOUNCED_EVENTS } from '@waybill/core/contracts';
import type { Principal } from '@waybill/core/kernel';
import { EventFeed } from '@waybill/platform/events';
import { ApiProblems, CurrentPrincipal, CursorCodec, Paged, PageQuery, Scope } from '@waybill/platform/http';
import { EventPageDto } from './events.dto';

/** The events feed, for programs that were away. */
@ApiTags('Notifications')
@ApiBearerAuth()
@Controller('events')
export class EventsController {
  constructor(
    private readonly feed: EventFeed,
    private readonly cursors: CursorCodec,
  ) {}

  @Get()
  @Scope('files:read', 'webhooks')
  @ApiOperation({
    operationId: 'listEvents',
    summary: 'Read the events feed',
    description:
      'What happened to your files, uploads and shares, deletions included, in the order in which it was committed: the oldest first, none left out, none twice. The ids are those of webhooks and sockets. Keep `resumeCursor` and come back with it as `cursor`.',
  })
  @Paged(EventPageDto, 'A page of them.')
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN')
  async list(
    @CurrentPrincipal() { userId }: Principal,
    @Query() { limit, cursor }: PageQuery,
  ): Promise<EventPageDto> {
    const scope = JSON.stringify(['events', userId]);
    const after = cursor === undefined ? 0 : Number(this.cursors.decode(scope, cursor)[0]);
    // One more than asked for tells whether there is a next page.
    const events = await this.feed.ofOwner(userId, { types: ANNOUNCED_EVENTS, after, limit: limit + 1 });
    const shown = events.slice(0, limit);
    const resumeCursor = this.cursors.encode(scope, [shown.at(-1)?.position ?? after]);
    const nextCursor = events.length > limit ? resumeCursor : null;
    return {
      items: shown.map(({ id, type, occurredAt, data }) => ({ id, type, occurredAt, data })),
      nextCursor,
      resumeCursor,
    };
  }
}
