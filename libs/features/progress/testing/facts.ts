import type { LiveRecord } from '../live-record';
import type { ProgressFacts } from '../progress-view';

export const START = new Date('2026-01-01T00:00:00Z');
export const after = (seconds: number): Date => new Date(START.getTime() + seconds * 1000);

/** A multipart upload of about 1000 bytes that has just begun. */
export const facts = (changes: Partial<ProgressFacts> = {}): ProgressFacts => ({
  id: 'upload',
  fileId: 'file',
  ownerId: 'owner',
  fileName: 'offer.docx',
  door: 'multipart',
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

/** Its transfer, as it speaks of itself ten seconds later. */
export const live = (changes: Partial<LiveRecord> = {}): LiveRecord => ({
  run: '0123456789ab',
  phase: 'transfer',
  bytes: 500,
  speed: 50,
  at: after(10).getTime(),
  ended: false,
  ...changes,
});
