export { EventsModule } from './events.module';
export { EventFeed } from './feed';
export { Outbox } from './outbox';
export { appendEvents } from './outbox-sql';
export { EventMetrics } from './event-metrics';
export { Sequencer, type PlacedEvents } from './sequencer';
