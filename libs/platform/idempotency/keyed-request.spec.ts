import type { Principal } from '@waybill/core/kernel';
import type { Request } from 'express';
import { canonicalJson } from './canonical-json';
import { keyedRequest, type KeyedRequest } from './keyed-request';

const ADA = { userId: 'ada' } as Principal;

function keyed(key: unknown, caller?: Principal, rest: Partial<Request> = {}): KeyedRequest | null {
  const headers = key === undefined ? {} : { 'idempotency-key': key };
  const request = { method: 'POST', originalUrl: '/api/things', ip: '192.0.2.7', ...rest, headers };
  return keyedRequest(request as unknown as Request, caller);
}

describe('an Idempotency-Key', () => {
  it('may be absent', () => {
    expect(keyed(undefined, ADA)).toBeNull();
  });

  it.each(['k', '8e03978e-40d5-43dd-bc93-6894a57f9324', '"8e03978e"', '!~', 'x'.repeat(255)])(
    'may be %j',
    (key) => {
      expect(keyed(key, ADA)).not.toBeNull();
    },
  );

  it.each([
    ['nothing', ''],
    ['too long', 'x'.repeat(256)],
    ['a space', 'a b'],
    ['sent twice', 'a, b'],
    ['a tab', 'a\tb'],
    ['NUL', 'a\0b'],
    ['DEL', 'a\x7f'],
    ['a letter beyond ASCII', 'schlüssel'],
    ['a lone surrogate', 'a\ud800'],
    ['a right-to-left mark', 'a\u200f'],
    ['a line end', 'a\n'],
    ['a list', ['a', 'b']],
  ])('is refused by its name: %s', (_, key) => {
    expect(() => keyed(key, ADA)).toThrow(
      expect.objectContaining({
        code: 'VALIDATION_FAILED',
        errors: [{ pointer: 'Idempotency-Key', detail: expect.any(String) as string }],
      }) as Error,
    );
  });

  it('is the user’s own, or that of an address block', () => {
    expect(keyed('k', ADA)?.scope).toBe('user:ada');
    expect(keyed('k')?.scope).toBe('address:192.0.2.7');
    expect(keyed('k', undefined, { ip: '2001:db8:1:2:3:4:5:6' })?.scope).toBe('address:2001:db8:1:2::/64');
  });

  it('goes with method and address', () => {
    const operations = [
      keyed('k', ADA),
      keyed('k', ADA, { originalUrl: '/api/other' }),
      keyed('k', ADA, { originalUrl: '/api/things?a=1' }),
      keyed('k', ADA, { method: 'PUT' }),
    ].map((each) => each!.operation.toString('hex'));
    expect(new Set(operations).size).toBe(operations.length);
  });
});

describe('canonicalJson', () => {
  it.each([
    [{ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }, true],
    [[1, 2], [2, 1], false],
    [{ a: 1 }, { a: '1' }, false],
    [{ a: null }, {}, false],
    [{ a: [{ x: 1, y: 2 }] }, { a: [{ y: 2, x: 1 }] }, true],
    [{}, [], false],
    [{ 10: 1, 9: 2 }, { 9: 2, 10: 1 }, true],
  ])('%j and %j: the same is %p', (one, other, same) => {
    expect(canonicalJson(one) === canonicalJson(other)).toBe(same);
  });
});
