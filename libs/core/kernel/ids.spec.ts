import { isUuid, uuidv7 } from './ids';

describe('uuidv7', () => {
  it('has the version and variant bits of RFC 9562', () => {
    expect(uuidv7()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('is unique and in order, also for many ids of one millisecond', () => {
    const ids = Array.from({ length: 20_000 }, uuidv7);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });

  it('carries the time in its first 48 bits', () => {
    const before = Date.now();
    const stamp = parseInt(uuidv7().replace(/-/g, '').slice(0, 12), 16);
    expect(stamp).toBeGreaterThanOrEqual(before);
    expect(stamp).toBeLessThan(before + 60_000);
  });
});

describe('isUuid', () => {
  it.each([
    '',
    'x',
    '0',
    '{}',
    '%00',
    '00000000-0000-7000-8000-00000000000',
    '00000000-0000-7000-8000-0000000000000',
    null,
    7,
    {},
  ])('refuses %p', (value) => expect(isUuid(value)).toBe(false));
  it('takes any version, in either case', () => {
    expect(isUuid('0190F0A0-0000-4000-8000-0000000000AB')).toBe(true);
  });
});
