import { parseHttpDate } from './http-date';

describe('parseHttpDate', () => {
  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'reads the example of RFC 9110: %s',
    (text) => {
      expect(parseHttpDate(text, new Date('2026-01-01'))).toBe(784111777);
    },
  );

  it.each([
    ['76', 2076],
    ['77', 1977],
    ['26', 2026],
    ['00', 2000],
  ])('takes the year %s of 2026 for %d', (digits, year) => {
    const seconds = parseHttpDate(`Sunday, 06-Nov-${digits} 08:49:37 GMT`, new Date('2026-01-01'));
    expect(new Date(seconds! * 1000).getUTCFullYear()).toBe(year);
  });
});
