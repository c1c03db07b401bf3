export { Outbound, OutboundError, type OutboundAnswer } from './outbound';
export { OutboundModule } from './outbound.module';
