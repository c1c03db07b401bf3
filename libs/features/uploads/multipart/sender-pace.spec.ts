import { SenderPace } from './sender-pace';

const IDLE_MS = 10_000;
const SECOND = 1_000;

describe('SenderPace', () => {
  let tooSlow: jest.Mock;
  let pace: SenderPace;

  beforeEach(() => {
    jest.useFakeTimers();
    tooSlow = jest.fn();
    pace = new SenderPace(IDLE_MS, tooSlow);
  });

  afterEach(() => {
    pace.stop();
    jest.useRealTimers();
  });

  /** Sends so much in each second. */
  function send(bytesPerSecond: number, seconds: number): void {
    for (let second = 0; second < seconds; second++) {
      pace.received(bytesPerSecond);
      jest.advanceTimersByTime(SECOND);
    }
  }

  it('is content with a slow sender, however long it takes', () => {
    send(1024, 3600);
    expect(tooSlow).not.toHaveBeenCalled();
  });

  it('is content with one that brings its bytes at once and then pauses for less than the limit', () => {
    for (let round = 0; round < 20; round++) {
      send(64 * 1024, 1);
      jest.advanceTimersByTime(IDLE_MS - 2 * SECOND);
    }
    expect(tooSlow).not.toHaveBeenCalled();
  });

  it.each([
    ['that says nothing', () => jest.advanceTimersByTime(IDLE_MS)],
    ['that fell silent after much', () => (send(1 << 20, 25), jest.advanceTimersByTime(IDLE_MS))],
    ['that trickles', () => send(1, 10)],
    ['that trickles after much', () => (send(1 << 20, 20), send(1, 10))],
  ])('has enough of one %s', (_what, act) => {
    act();
    expect(tooSlow).toHaveBeenCalled();
  });

  it('does not count the time in which it made the sender wait', () => {
    pace.pause();
    jest.advanceTimersByTime(100 * IDLE_MS);
    pace.resume();
    jest.advanceTimersByTime(IDLE_MS - SECOND);
    expect(tooSlow).not.toHaveBeenCalled();
  });

  it('is not deceived by a trickle that makes it wait again and again', () => {
    for (let second = 0; second < 11; second++) {
      pace.received(1);
      pace.pause();
      pace.resume();
      jest.advanceTimersByTime(SECOND);
    }
    expect(tooSlow).toHaveBeenCalled();
  });
});
