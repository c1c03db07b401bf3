export { HandlesJob, type JobContext, type JobHandler } from './handles-job.decorator';
export { JobQueue } from './job-queue';
export { QueueModule } from './queue.module';
