import type { LiveRecord } from './live-record';

/** What rows know of an upload. Sizes are bytes. */
export interface ProgressFacts {
  id: string;
  fileId: string;
  ownerId: string;
  fileName: string;
  /** `tus` uploads go on after their transfer was broken off; others are then over. */
  door: string;
  status: string;
  failureCode: string | null;
  offsetBytes: number;
  totalBytes: number | null;
  createdAt: Date;
  updatedAt: Date;
  receivedAt: Date | null;
  completedAt: Date | null;
  cancelledAt: Date | null;
}

/** How an upload is getting on, as its owner sees it. */
export interface ProgressView {
  uploadId: string;
  fileId: string;
  fileName: string;
  status: string;
  failureCode: string | null;
  bytesUploaded: number;
  totalBytes: number | null;
  percentComplete: number | null;
  phasePercent: number | null;
  speed: number | null;
  remainingTime: number | null;
  startTime: string;
  lastUpdateTime: string;
  completedTime: string | null;
  cancelledTime: string | null;
}

/** How long the speed of a transfer that is over is still told. */
const RECENT_MS = 3_000;

const FINAL = new Set(['completed', 'cancelled', 'failed']);

/** Whether nothing more will happen to an upload of this status by itself. */
export function isFinal(status: string): boolean {
  return FINAL.has(status);
}

/**
 * Derives what can be said honestly: the rows are the truth, and what runs adds what is on its way. `percentComplete` is
 * of the bytes received, `phasePercent` of the current status, `speed` in bytes a second (a moving average while bytes
 * come, that of the transfer afterwards), `remainingTime` in seconds. Null is "not known".
 */
export function progressView(facts: ProgressFacts, live: LiveRecord | null, now: Date): ProgressView {
  const { status, totalBytes: total } = facts;
  const running = live?.ended === false ? live : null;
  // Between two requests of a resumable upload the one before it still tells how fast it is.
  const recent = live && now.getTime() - live.at < RECENT_MS ? live : null;
  const transfer =
    status === 'uploading' && (running ?? recent)?.phase === 'transfer' ? (running ?? recent) : null;
  const sealing = status === 'encrypting' && running?.phase === 'sealing' ? running : null;
  const bytes = bytesOf(facts, live);
  // What was estimated is never reached, and what was declared not before the last commit.
  const percentComplete = percent(bytes, total, facts.receivedAt === null ? 99 : 100);
  const speed = transfer ? transfer.speed : averageSpeed(facts);
  return {
    uploadId: facts.id,
    fileId: facts.fileId,
    fileName: facts.fileName,
    status,
    failureCode: facts.failureCode,
    bytesUploaded: bytes,
    totalBytes: total,
    percentComplete,
    phasePercent: phasePercent(facts, percentComplete, sealing),
    speed,
    remainingTime: transfer && total !== null && speed ? Math.ceil((total - bytes) / speed) : null,
    startTime: facts.createdAt.toISOString(),
    lastUpdateTime: new Date(
      Math.max(facts.updatedAt.getTime(), (transfer ?? sealing)?.at ?? 0),
    ).toISOString(),
    completedTime: facts.completedAt?.toISOString() ?? null,
    cancelledTime: facts.cancelledAt?.toISOString() ?? null,
  };
}

/**
 * What is durable, and what has come beyond that: while it comes, and where it was broken off for good. What a resumable
 * upload has lost with its connection has to come again, and does not count.
 */
function bytesOf({ door, status, offsetBytes, totalBytes }: ProgressFacts, live: LiveRecord | null): number {
  const over = status === 'cancelled' || status === 'failed';
  const counts = over || (status === 'uploading' && (live?.ended === false || door !== 'tus'));
  if (!counts || live?.phase !== 'transfer') return offsetBytes;
  return Math.min(Math.max(offsetBytes, live.bytes), totalBytes ?? Infinity);
}

function phasePercent(
  { status, offsetBytes }: ProgressFacts,
  percentComplete: number | null,
  sealing: LiveRecord | null,
): number | null {
  if (status === 'uploading') return percentComplete;
  if (status === 'completed') return 100;
  return sealing && percent(sealing.bytes, offsetBytes, 99);
}

/** Of a transfer that is over. */
function averageSpeed({ receivedAt, createdAt, offsetBytes }: ProgressFacts): number | null {
  const seconds = receivedAt === null ? 0 : (receivedAt.getTime() - createdAt.getTime()) / 1000;
  return offsetBytes > 0 && seconds > 0 ? Math.round(offsetBytes / seconds) : null;
}

/** Whole percents, so that 100 means all of it. */
function percent(part: number, whole: number | null, most: number): number | null {
  if (whole === null) return null;
  return whole === 0 ? most : Math.min(most, Math.floor((part / whole) * 100));
}
