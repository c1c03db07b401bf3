import { dayOf, erasBetween, guessEras } from './eras';

const LEVEL = 2 ** 26;

/** As the schema has it: the eras in which a day is. */
const erasOf = (day: number): number[] =>
  [0, 1, 2, 3, 4].map((level) => level * LEVEL + (day >> (2 * level)));

const holds = (eras: number[], day: number): boolean => erasOf(day).some((era) => eras.includes(era));

describe('erasBetween', () => {
  it.each([
    [0, 0],
    [9_000, 9_000],
    [9_000, 9_006],
    [8_993, 9_060],
    [8_191, 8_192],
    [7_777, 8_300],
    [7_000, 8_900],
    [-3, 2],
    [-400, 100],
  ])('holds all days from %d to %d, few of older ones, and is short', (from, to) => {
    const eras = erasBetween(from, to)!;
    expect(eras.length).toBeLessThanOrEqual(8);
    for (let day = from; day <= to + 1; day++) expect(holds(eras, day)).toBe(true);
    const longest = Math.max(3, to - from);
    expect(holds(eras, from - longest)).toBe(false);
  });

  it('has no eras for what is too long, or is no time', () => {
    expect(erasBetween(0, 3_000)).toBeNull();
    expect(erasBetween(NaN, 3)).toBeNull();
    expect(erasBetween(3, NaN)).toBeNull();
  });
});

describe('dayOf', () => {
  it.each([
    ['2000-01-01 00:00:00+00', 0],
    ['2000-01-02T12:00:00+00:00', 1.5],
    ['1999-12-31 18:00:00-06', 0],
    ['2026-03-01 05:30:00.000001+05:30', 9_556],
  ])('%s', (time, day) => {
    expect(dayOf(time)).toBe(day);
  });
  it.each(['infinity', '-infinity', '0044-03-15 00:00:00+00 BC'])('%s is none', (time) => {
    expect(dayOf(time)).toBeNaN();
  });
});

describe('guessEras', () => {
  const reach = { newest: 9_000, oldest: 8_000, days: 2, matched: 9 };

  it('goes back as far as the matches so far make likely, and some more', () => {
    const guess = guessEras(reach, reach, 100)!;
    expect(guess.days).toBeCloseTo(26);
    expect(holds(guess.eras, 8_974)).toBe(true);
    expect(holds(guess.eras, 9_000)).toBe(true);
    expect(holds(guess.eras, 8_900)).toBe(false);
  });

  it('looks at all where that is not much less, or nothing is known', () => {
    expect(guessEras(reach, { days: 50, matched: 0 }, 100)).toBeNull();
    expect(guessEras(reach, { days: 2, matched: 1 }, 10)).not.toBeNull();
    // Few match at all, as it seems.
    expect(guessEras(reach, { days: 2, matched: 0 }, 10)).toBeNull();
    expect(guessEras({ ...reach, oldest: NaN }, reach, 100)).toBeNull();
    expect(guessEras(reach, { days: NaN, matched: 1 }, 100)).toBeNull();
  });

  it('is content with little where nothing takes time: all files of one moment', () => {
    const moment = { newest: 9_000, oldest: 9_000, days: 0, matched: 3 };
    expect(guessEras(moment, moment, 100)).toBeNull();
  });
});
