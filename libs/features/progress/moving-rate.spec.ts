import { MovingRate } from './moving-rate';

function rateOf(samples: [seconds: number, bytes: number][]): number | null {
  const rate = new MovingRate();
  for (const [seconds, bytes] of samples) rate.add(bytes, seconds * 1000);
  return rate.perSecond;
}

describe('MovingRate', () => {
  it.each<[string, [number, number][], number | null]>([
    ['nothing before it has seen anything', [], null],
    ['nothing from one look', [[0, 0]], null],
    [
      'nothing from two looks at once',
      [
        [0, 0],
        [0.1, 1000],
      ],
      null,
    ],
    [
      'the average of what there is',
      [
        [0, 0],
        [1, 100],
        [2, 300],
      ],
      150,
    ],
    [
      'only of the last five seconds',
      [
        [0, 0],
        [1, 9000],
        [6, 9000],
        [7, 9700],
      ],
      117,
    ],
    [
      'nothing a second of what stands still',
      [
        [0, 0],
        [1, 500],
        [6, 500],
        [12, 500],
      ],
      0,
    ],
    [
      'from where it began, not from zero',
      [
        [0, 5000],
        [1, 5100],
      ],
      100,
    ],
  ])('says %s', (_title, samples, expected) => {
    expect(rateOf(samples)).toBe(expected);
  });
});
