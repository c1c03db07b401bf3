import { progressView, type ProgressFacts } from './progress-view';

const START = new Date('2026-01-01T00:00:00Z');
const after = (seconds: number): Date => new Date(START.getTime() + seconds * 1000);

const facts = (changes: Partial<ProgressFacts> = {}): ProgressFacts => ({
  id: 'upload',
  fileId: 'file',
  fileName: 'offer.docx',
  status: 'uploading',
  failureCode: null,
  offsetBytes: 0,
  totalBytes: 1000,
  createdAt: START,
  updatedAt: START,
  receivedAt: null,
  completedAt: null,
  cancelledAt: null,
  ...changes,
});

describe('progressView', () => {
  it('knows no speed and no end before the first byte is durable', () => {
    const view = progressView(facts(), after(5));
    expect(view).toMatchObject({ percentComplete: 0, phasePercent: 0, speed: null, remainingTime: null });
  });

  it('derives speed and remaining time from what is durable', () => {
    const view = progressView(facts({ offsetBytes: 250 }), after(10));
    expect(view).toMatchObject({ percentComplete: 25, phasePercent: 25, speed: 25, remainingTime: 30 });
  });

  it('says nothing of the end where the size is not known', () => {
    const view = progressView(facts({ offsetBytes: 250, totalBytes: null }), after(10));
    expect(view).toMatchObject({ percentComplete: null, phasePercent: null, speed: 25, remainingTime: null });
  });

  it.each([
    [999, 1000, 99],
    [1000, 1000, 100],
    [1001, 1000, 100],
    [0, 0, 100],
  ])(
    'of %d bytes from %d it says %d percent: 100 is all, and nothing less',
    (offsetBytes, totalBytes, percent) => {
      expect(progressView(facts({ offsetBytes, totalBytes }), after(1)).percentComplete).toBe(percent);
    },
  );

  it('keeps the speed of the transfer, whatever time passes afterwards', () => {
    const received = facts({
      status: 'received',
      offsetBytes: 1000,
      receivedAt: after(10),
      updatedAt: after(10),
    });
    expect(progressView(received, after(10_000))).toMatchObject({
      speed: 100,
      remainingTime: null,
      phasePercent: null,
    });
  });

  it('ends at 100 in both measures', () => {
    const done = facts({
      status: 'completed',
      offsetBytes: 1000,
      receivedAt: after(1),
      completedAt: after(2),
    });
    expect(progressView(done, after(9))).toMatchObject({
      percentComplete: 100,
      phasePercent: 100,
      completedTime: '2026-01-01T00:00:02.000Z',
    });
  });
});
