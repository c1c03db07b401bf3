export { EventsModule } from './events.module';
export { EventFeed } from './feed';
export { Outbox } from './outbox';
export { Sequencer } from './sequencer';
