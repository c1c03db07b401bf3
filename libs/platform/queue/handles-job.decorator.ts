import { SetMetadata } from '@nestjs/common';
import type { JobData, JobName } from '@waybill/core/contracts';

export const HANDLES_JOB = 'waybill:handles-job';

export interface JobContext {
  /** Aborted when the process is to stop: leave what you do so that another can take it up. */
  signal: AbortSignal;
}

export type JobHandler<N extends JobName> = (data: JobData<N>, context: JobContext) => Promise<void>;

/** Marks the method that does the jobs of that name. Its parameter must fit the job's data. */
export function HandlesJob<N extends JobName>(name: N) {
  return <H extends JobHandler<N>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<H>,
  ): void => {
    SetMetadata(HANDLES_JOB, name)(target, key, descriptor);
  };
}
