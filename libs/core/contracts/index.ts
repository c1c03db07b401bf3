export { ANNOUNCED_EVENTS } from './announced';
export type { AnyCommittedEvent, CommittedEvent, EventCatalogue, EventType, NewEvent } from './events';
export {
  JOBS,
  QUEUES,
  type Job,
  type JobCatalogue,
  type JobData,
  type JobName,
  type QueueName,
} from './jobs';
