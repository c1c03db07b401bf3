import { setImmediate as turn } from 'node:timers/promises';
import type { Job } from '@waybill/core/contracts';
import { runInRequest } from '@waybill/platform/observability';
import type { JobQueue } from '@waybill/platform/queue';
import { SealingRequests } from './sealing-requests';

const SMALL = 64 * 1024;

let jobs: Job[];
let requests: SealingRequests;
beforeEach(() => {
  jobs = [];
  requests = new SealingRequests({ enqueue: async (job: Job) => jobs.push(job) > 0 } as unknown as JobQueue);
});

describe('SealingRequests', () => {
  it('names by one job what is small and asked for together, and each with the request that it is of', async () => {
    const asked = [1, 2, 3].map((n) =>
      runInRequest({ requestId: `r-${n}` }, () =>
        requests.ask({ uploadId: `u-${n}`, attempt: 0, bytes: SMALL }),
      ),
    );
    await Promise.all(asked);
    const uploads = [1, 2, 3].map((n) => ({ uploadId: `u-${n}`, requestId: `r-${n}` }));
    expect(jobs).toEqual([{ name: 'uploads.seal', data: { uploads } }]);
  });

  it('lets nobody wait for company', async () => {
    void requests.ask({ uploadId: 'lonely', attempt: 0, bytes: 1 });
    await turn();
    expect(jobs).toEqual([{ name: 'upload.seal', data: { uploadId: 'lonely', attempt: 0 } }]);
  });

  it('asks alone for what is large, and for what was begun before', async () => {
    await Promise.all([
      requests.ask({ uploadId: 'large', attempt: 0, bytes: SMALL + 1 }),
      requests.ask({ uploadId: 'begun', attempt: 2, bytes: 1 }),
      requests.ask({ uploadId: 'small', attempt: 0, bytes: 0 }),
      requests.ask({ uploadId: 'other', attempt: 0, bytes: 1 }),
    ]);
    expect(jobs).toContainEqual({ name: 'upload.seal', data: { uploadId: 'large', attempt: 0 } });
    expect(jobs).toContainEqual({ name: 'upload.seal', data: { uploadId: 'begun', attempt: 2 } });
    const uploads = [{ uploadId: 'small' }, { uploadId: 'other' }];
    expect(jobs).toContainEqual({ name: 'uploads.seal', data: { uploads } });
    expect(jobs).toHaveLength(3);
  });
});
