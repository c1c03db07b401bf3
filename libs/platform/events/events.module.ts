import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ObservabilityModule } from '@waybill/platform/observability';
import { CursorRow, EventRow, FeedRow, OutboxRow } from './event.entity';
import { EventMetrics } from './event-metrics';
import { EventFeed } from './feed';
import { Outbox } from './outbox';
import { Sequencer } from './sequencer';

/** The outbox that changes write to, and the feed that everything announced is made from. */
@Global()
@Module({
  imports: [ObservabilityModule, TypeOrmModule.forFeature([EventRow, OutboxRow, FeedRow, CursorRow])],
  providers: [Outbox, Sequencer, EventFeed, EventMetrics],
  exports: [Outbox, Sequencer, EventFeed, EventMetrics],
})
export class EventsModule {}
