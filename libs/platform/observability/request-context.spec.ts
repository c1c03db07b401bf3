import { setTimeout as delay } from 'node:timers/promises';
import { currentRequest, parseTraceparent, runInRequest, setRequestUser } from './request-context';

describe('request context', () => {
  it('follows the code through waiting, and ends with the request', async () => {
    const seen = await runInRequest({ requestId: 'a' }, async () => {
      await delay(1);
      setRequestUser('u');
      return currentRequest();
    });
    expect(seen).toEqual({ requestId: 'a', userId: 'u' });
    expect(currentRequest()).toBeUndefined();
  });

  it('keeps simultaneous requests apart', async () => {
    const ids = ['a', 'b', 'c'];
    const seen = await Promise.all(
      ids.map((requestId) =>
        runInRequest({ requestId }, async () => {
          await delay(1);
          return currentRequest()?.requestId;
        }),
      ),
    );
    expect(seen).toEqual(ids);
  });

  it('does nothing when a user is named outside of a request', () => {
    expect(() => setRequestUser('u')).not.toThrow();
  });
});

describe('traceparent', () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const parent = '00f067aa0ba902b7';

  it('is read', () => {
    expect(parseTraceparent(`00-${trace}-${parent}-01`)).toEqual({
      traceId: trace,
      parentId: parent,
      sampled: true,
    });
  });

  it('of a later version may have more fields', () => {
    expect(parseTraceparent(`cc-${trace}-${parent}-00-what-comes`)).toMatchObject({ sampled: false });
  });

  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['version ff', `ff-${trace}-${parent}-01`],
    ['upper case', `00-${trace.toUpperCase()}-${parent}-01`],
    ['zero trace', `00-${'0'.repeat(32)}-${parent}-01`],
    ['zero parent', `00-${trace}-${'0'.repeat(16)}-01`],
    ['too short', `00-${trace.slice(1)}-${parent}-01`],
    ['more fields in version 00', `00-${trace}-${parent}-01-x`],
    ['endless', `cc-${trace}-${parent}-01-${'x'.repeat(1000)}`],
  ])('is ignored when %s', (_case, header) => expect(parseTraceparent(header)).toBeUndefined());
});
