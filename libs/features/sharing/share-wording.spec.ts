import { remainingInWords, sizeInWords, timeInWords, untilInWords } from './share-wording';

describe('what the page says', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [1_440_000, '1.4 MB'],
    [9_960_000, '10 MB'],
    [999_600_000, '1.0 GB'],
    [5 * 2 ** 30, '5.4 GB'],
    [2e15, '2000 TB'],
  ])('of %d bytes: %s', (bytes, words) => expect(sizeInWords(bytes)).toBe(words));

  const now = new Date('2026-11-20T17:20:00Z');
  it.each([
    [10, 'in a minute'],
    [59 * 60, 'in 59 minutes'],
    [3 * 3600, 'in 3 hours'],
    [7 * 86_400, 'in 7 days'],
  ])('of %d seconds from now: %s', (seconds, words) =>
    expect(untilInWords(new Date(now.getTime() + seconds * 1000), now)).toBe(words),
  );

  it('of a time, and of what is left', () => {
    expect(timeInWords(now)).toBe('20 Nov 2026, 17:20 UTC');
    expect([1, 3].map(remainingInWords)).toEqual(['once more', '3 more times']);
  });
});
