import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CursorRow, EventRow, FeedRow, OutboxRow } from './event.entity';
import { EventFeed } from './feed';
import { Outbox } from './outbox';
import { Sequencer } from './sequencer';

/** The outbox that changes write to, and the feed that everything announced is made from. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([EventRow, OutboxRow, FeedRow, CursorRow])],
  providers: [Outbox, Sequencer, EventFeed],
  exports: [Outbox, Sequencer, EventFeed],
})
export class EventsModule {}
