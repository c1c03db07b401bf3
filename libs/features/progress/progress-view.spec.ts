import { progressView } from './progress-view';
import { after, facts, live } from './testing/facts';

const NOW = after(10);

describe('progressView', () => {
  it('counts what is on its way beyond what is durable', () => {
    expect(progressView(facts({ offsetBytes: 250 }), live(), NOW)).toMatchObject({
      bytesUploaded: 500,
      percentComplete: 50,
      phasePercent: 50,
      speed: 50,
      remainingTime: 10,
      lastUpdateTime: after(10).toISOString(),
    });
  });

  it('tells what is durable where nothing else is known, and then neither speed nor end', () => {
    expect(progressView(facts({ offsetBytes: 250 }), null, NOW)).toMatchObject({
      bytesUploaded: 250,
      percentComplete: 25,
      phasePercent: 25,
      speed: null,
      remainingTime: null,
    });
  });

  it.each([null, 0])('knows no end at a speed of %s', (speed) => {
    expect(progressView(facts(), live({ speed }), NOW)).toMatchObject({ speed, remainingTime: null });
  });

  it('says nothing of the end where the size is not known', () => {
    expect(progressView(facts({ totalBytes: null }), live(), NOW)).toMatchObject({
      bytesUploaded: 500,
      percentComplete: null,
      phasePercent: null,
      speed: 50,
      remainingTime: null,
    });
  });

  it('never exceeds the size, nor says 100 before the end', () => {
    for (const bytes of [999, 1000, 1001]) {
      const view = progressView(facts(), live({ bytes }), NOW);
      expect(view.bytesUploaded).toBeLessThanOrEqual(1000);
      expect(view.percentComplete).toBe(99);
    }
  });

  it.each([
    [999, 1000, 99],
    [1000, 1000, 100],
    [0, 0, 100],
  ])('of %d bytes received from %d it says %d percent', (offsetBytes, totalBytes, percent) => {
    const received = facts({ status: 'received', offsetBytes, totalBytes, receivedAt: NOW });
    expect(progressView(received, null, NOW).percentComplete).toBe(percent);
  });

  it('keeps the speed of the transfer, whatever time passes afterwards', () => {
    const received = facts({ status: 'received', offsetBytes: 1000, receivedAt: after(10) });
    expect(progressView(received, null, after(10_000))).toMatchObject({
      speed: 100,
      remainingTime: null,
      phasePercent: null,
    });
  });

  it('tells how far the sealing is, by its own percentage', () => {
    const sealing = facts({ status: 'encrypting', offsetBytes: 1000, receivedAt: after(5) });
    const phase = (bytes: number): unknown =>
      progressView(sealing, live({ phase: 'sealing', bytes }), NOW).phasePercent;
    expect([0, 400, 1000].map(phase)).toEqual([0, 40, 99]);
    expect(progressView(sealing, null, NOW)).toMatchObject({ percentComplete: 100, phasePercent: null });
  });

  it('ends at 100 in both measures', () => {
    const done = facts({
      status: 'completed',
      offsetBytes: 1000,
      receivedAt: after(1),
      completedAt: after(2),
    });
    expect(progressView(done, null, NOW)).toMatchObject({
      percentComplete: 100,
      phasePercent: 100,
      completedTime: '2026-01-01T00:00:02.000Z',
    });
  });

  it.each(['cancelled', 'failed'])('of a %s upload it tells how far it had come', (status) => {
    const over = facts({ status, offsetBytes: 250 });
    expect(progressView(over, live({ ended: true }), NOW).bytesUploaded).toBe(500);
    expect(progressView(over, null, NOW).bytesUploaded).toBe(250);
  });

  it('goes back to what is durable only where the rest has to come again', () => {
    const broken = live({ ended: true, at: after(0).getTime() });
    const durable = (door: string): number =>
      progressView(facts({ door, offsetBytes: 250 }), broken, NOW).bytesUploaded;
    expect(durable('tus')).toBe(250);
    expect(durable('multipart')).toBe(500);
  });

  it('tells between two requests of a resumable upload how fast the first was, and not for long', () => {
    const between = facts({ door: 'tus', offsetBytes: 500 });
    const speed = (now: Date): unknown => progressView(between, live({ ended: true }), now).speed;
    expect([speed(after(12)), speed(after(60))]).toEqual([50, null]);
  });
});
