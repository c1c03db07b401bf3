export { correlate, runCorrelated } from './correlation';
export { HandlesJob, type JobContext, type JobHandler } from './handles-job.decorator';
export { JobQueue } from './job-queue';
export { QueueBoard, type QueueBoardOptions } from './queue-board';
export { QueueModule } from './queue.module';
