import { assertCurrent, expiryOf, MAX_SECONDS, remainingDownloads, type Governed } from './share.policy';

const now = new Date('2026-11-20T12:00:00Z');
const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
const share: Governed = {
  expiresAt: later(60),
  revokedAt: null,
  maxDownloads: null,
  downloadCount: 0,
  ownerActive: true,
};

describe('a share', () => {
  it('is current until its time, and not after', () => {
    expect(() => assertCurrent(share, now)).not.toThrow();
    expect(() => assertCurrent(share, later(59.999))).not.toThrow();
    expect(() => assertCurrent({ ...share, maxDownloads: 1, downloadCount: 1 }, now)).not.toThrow();
  });

  it.each<[string, Partial<Governed>]>([
    ['it expired', { expiresAt: now }],
    ['it was revoked', { revokedAt: now }],
    ['its owner is not there', { ownerActive: false }],
  ])('is over when %s', (_, change) =>
    expect(() => assertCurrent({ ...share, ...change }, now)).toThrow(
      expect.objectContaining({ code: 'GONE' }),
    ),
  );

  it.each([
    [[], null],
    [[{ maxDownloads: null, downloadCount: 9 }], null],
    [[{ maxDownloads: 3, downloadCount: 1 }], 2],
    [[{ maxDownloads: 3, downloadCount: 4 }], 0],
    [
      [
        { maxDownloads: 3, downloadCount: 0 },
        { maxDownloads: 2, downloadCount: 1 },
        { maxDownloads: null, downloadCount: 7 },
      ],
      1,
    ],
  ])('of %j has %j downloads left', (counters, left) => expect(remainingDownloads(counters)).toBe(left));

  it('ends when it is told to, or in its own time', () => {
    expect(expiryOf({}, now)).toBeUndefined();
    expect(expiryOf({ expiresAt: null, expiresInSeconds: null }, now)).toBeUndefined();
    expect(expiryOf({ expiresInSeconds: 60 }, now)).toEqual(later(60));
    expect(expiryOf({ expiresAt: later(MAX_SECONDS).toISOString() }, now)).toEqual(later(MAX_SECONDS));
    for (const wish of [
      { expiresAt: later(MAX_SECONDS + 1).toISOString() },
      { expiresAt: now.toISOString() },
      { expiresAt: 'x' },
      { expiresAt: later(60).toISOString(), expiresInSeconds: 60 },
    ]) {
      expect(() => expiryOf(wish, now)).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
    }
  });
});
