import { currentRequest, runInRequest } from '@waybill/platform/observability';
import { correlate, runCorrelated } from './correlation';

const data = { uploadId: 'an id', attempt: 1 };
const idWithin = (queued: object): unknown => runCorrelated(queued, () => currentRequest()?.requestId);

it('carries the id of the request from who asks for a job to who does it, and to the jobs that follow', () => {
  const queued = runInRequest({ requestId: 'abc-1' }, () => correlate(data));
  expect(queued).toEqual({ ...data, requestId: 'abc-1' });
  expect(idWithin(queued)).toBe('abc-1');
  expect(runCorrelated(queued, (own) => own)).toEqual(data);
  expect(runCorrelated(queued, () => correlate({ mailId: 'x' }))).toEqual({
    mailId: 'x',
    requestId: 'abc-1',
  });
});

it('adds nothing where no request is known', () => {
  expect(correlate(data)).toEqual(data);
  expect(idWithin(data)).toBeUndefined();
});

it.each(['', 'two words', 'line\nbreak', 'x'.repeat(129), 7, null, { a: 1 }])(
  'does not believe what Redis gives: %j',
  (requestId) => {
    expect(idWithin({ ...data, requestId })).toBeUndefined();
  },
);
