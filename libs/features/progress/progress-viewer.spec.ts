import { ProgressViewer, seenFrame } from './progress-viewer';
import { after, facts, live } from './testing/facts';

const NOW = after(10);

describe('ProgressViewer', () => {
  it('shows each news once', () => {
    const viewer = new ProgressViewer();
    expect(viewer.next(facts(), live(), NOW)?.view.bytesUploaded).toBe(500);
    expect(viewer.next(facts(), live({ at: after(11).getTime() }), NOW)).toBeNull();
    expect(viewer.next(facts(), live({ bytes: 501 }), NOW)?.view.bytesUploaded).toBe(501);
  });

  it('never goes back within a transfer, also when another instance tells', () => {
    const first = new ProgressViewer();
    const { id } = first.next(facts(), live({ bytes: 700 }), NOW)!;
    const second = new ProgressViewer(seenFrame(id));
    expect(second.next(facts(), live({ bytes: 600 }), NOW)?.view.bytesUploaded).toBe(700);
    expect(
      second.next(facts({ status: 'cancelled' }), live({ bytes: 600, ended: true }), NOW)?.view,
    ).toMatchObject({ status: 'cancelled', bytesUploaded: 700 });
  });

  it('goes back when a resumable upload begins again where it is durable', () => {
    const viewer = new ProgressViewer();
    const upload = facts({ door: 'tus', offsetBytes: 250 });
    viewer.next(upload, live({ bytes: 700 }), NOW);
    expect(viewer.next(upload, live({ bytes: 700, ended: true }), NOW)?.view.bytesUploaded).toBe(250);
    expect(viewer.next(upload, live({ run: 'ba9876543210', bytes: 260 }), NOW)?.view.bytesUploaded).toBe(260);
  });

  it.each(['', 'x', '1.2.3.4', `k.${'a'.repeat(12)}.-1.uploading`, `k.${'a'.repeat(12)}.1.uploading\n`])(
    'takes %j for no frame that anybody has seen',
    (id) => {
      expect(seenFrame(id)).toBeNull();
    },
  );

  it('believes no more of what a client says he has seen than there can be', () => {
    const viewer = new ProgressViewer({ run: live().run, bytes: 1e15, status: 'uploading' });
    expect(viewer.next(facts(), live(), NOW)?.view).toMatchObject({
      bytesUploaded: 1000,
      percentComplete: 99,
    });
  });
});
