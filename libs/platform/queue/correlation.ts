import { currentRequest, runInRequest } from '@waybill/platform/observability';

/** What travels with a job beside its own data: the request that it is done for, so that its log lines can be found. */
interface Correlated {
  requestId?: string;
}

/** As the front door admits them. Redis is no place to trust: what looks otherwise is left out of the log. */
const SANE = /^[A-Za-z0-9._~-]{1,128}$/;

/** The data of a job as it is handed to the queue. */
export function correlate<Data extends object>(data: Data): Data & Correlated {
  const requestId = currentRequest()?.requestId;
  return requestId === undefined ? data : { ...data, requestId };
}

/** Does a job in the context of the request that it came from; jobs that it makes inherit that. */
export function runCorrelated<Data extends object, T>(queued: Data & Correlated, run: (data: Data) => T): T {
  const { requestId, ...data } = queued;
  const work = (): T => run(data as unknown as Data);
  const known = typeof requestId === 'string' && SANE.test(requestId);
  return known ? runInRequest({ requestId }, work) : work();
}
